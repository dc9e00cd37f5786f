"""What agents have done in the shop: only for their own customer, within their authority, once, and on record."""

from __future__ import annotations

import csv
import io
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import queue_one
from desk.agent_actions import authority, rules, store
from desk.agent_actions.rules import AgentAction, Wanted
from desk.kernel.clock import SystemClock
from desk.kernel.engine import create_engine, migrate
from desk.kernel.errors import InvalidError
from desk.kernel.settings import REPOSITORY, SettingsError
from doubles import BotDouble
from running import SHOP_TOKEN, AgentClient, Conversation, RunningDesk, identity

PLAYBOOK = REPOSITORY / "playbook"


@dataclass
class Shop:
    """The demo shop as its own clerks see it."""

    http: httpx.Client

    def get(self, path: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def orders(self, fits: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """All orders of the demo's customers that fit."""
        found = []
        for customer in self.get("/demo/customers")["customers"]:
            found += self.get(f"/customers/{customer['customer_id']}/orders?limit=50")["orders"]
        return [order for order in found if fits(order)]

    def returnable(self) -> dict[str, Any]:
        """An order of few yuan that can still go back without a reason."""

        def fits(order: dict[str, Any]) -> bool:
            if order["status"] != "delivered" or order["amount_fen"] > 400_000:
                return False
            found = self.get(f"/orders/{order['order_id']}/return-eligibility")
            return bool(found["kind"] == "no_reason")

        return self.orders(fits)[0]

    def granted_fen(self, customer_id: str) -> list[int]:
        """The coupons a customer was given."""
        grants = self.get(f"/customers/{customer_id}/coupon-grants")["grants"]
        return [grant["coupon"]["discount_fen"] for grant in grants]


@pytest.fixture
def shop(shop_url: str) -> Any:
    with httpx.Client(base_url=shop_url, headers={"Authorization": f"Bearer {SHOP_TOKEN}"}, timeout=20) as http:
        yield Shop(http)


@pytest.fixture
def serve(desk: RunningDesk, bot: BotDouble) -> Callable[..., tuple[Conversation, AgentClient]]:
    """A customer of the shop in the hands of a fresh agent."""

    def start(customer_id: str, **options: Any) -> tuple[Conversation, AgentClient]:
        conversation = queue_one(desk, bot, opening={"identity": identity(customer_id)})
        agent = desk.new_agent(**options).online()
        agent.claim(conversation)
        return conversation, agent

    return start


Serve = Callable[..., tuple[Conversation, AgentClient]]


def act(agent: AgentClient, conversation: Conversation, client_id: str = "", **body: Any) -> httpx.Response:
    asked = {"client_id": client_id or uuid.uuid4().hex, "reason": "客户说尺码不合适", **body}
    return agent.post(f"/conversations/{conversation.id}/agent-actions", asked)


def preview(agent: AgentClient, conversation: Conversation, **body: Any) -> httpx.Response:
    asked = {"reason": "客户说尺码不合适", **body}
    return agent.post(f"/conversations/{conversation.id}/agent-actions/preview", asked)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["code"])


def records(desk: RunningDesk, conversation: Conversation) -> list[dict[str, Any]]:
    supervisor = desk.new_agent(role="supervisor")
    return list(supervisor.get(f"/agent-actions?conversation={conversation.id}").json()["actions"])


# a return, from the question to the record


def test_a_return_is_restated_filed_once_and_told_to_colleagues_only(
    desk: RunningDesk, shop: Shop, serve: Serve
) -> None:
    order = shop.returnable()
    conversation, agent = serve(order["customer_id"])
    wanted = {"action": "return", "order_id": order["order_id"]}
    told = preview(agent, conversation, **wanted).json()
    assert told["amount_fen"] > 0 and told["limit_fen"] == 500_000
    assert told["freight_payer"] == "customer" and told["deadline"]
    assert {line["line_id"] for line in told["lines"]} <= {line["line_id"] for line in order["lines"]}
    assert shop.get(f"/orders/{order['order_id']}/returns")["returns"] == []  # a preview changes nothing

    first, again = (act(agent, conversation, "r1", **wanted) for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.json() == again.json()
    filed = shop.get(f"/orders/{order['order_id']}/returns")["returns"]
    assert [one["return_id"] for one in filed] == [first.json()["after"]["document_id"]]
    assert (filed[0]["kind"], filed[0]["reason"]) == ("return", "客户说尺码不合适")

    notes = agent.get(f"/conversations/{conversation.id}/private-notes").json()["notes"]
    assert len(notes) == 1 and filed[0]["return_id"] in notes[0]["text"]
    assert filed[0]["return_id"] not in str(conversation.events())  # the customer is told by the agent

    (record,) = records(desk, conversation)
    assert record["agent"] == {"agent_id": agent.agent["agent_id"], "display_name": "小周", "role": "agent"}
    assert (record["state"], record["amount_fen"]) == ("done", told["amount_fen"])
    assert record["before"]["order_status"] == "delivered"

    refused = act(agent, conversation, "r2", **wanted)
    assert refusal(refused) == (409, "shop_refused")
    assert refused.json()["error"]["details"] == {"reason": "return_already_open"}
    assert (
        act(agent, conversation, "r1", **{**wanted, "action": "exchange"}).json()["error"]["code"] == "client_id_taken"
    )


def test_the_course_of_an_order_shows_its_parcels_and_what_was_filed(
    desk: RunningDesk, shop: Shop, serve: Serve
) -> None:
    order = shop.returnable()
    conversation, agent = serve(order["customer_id"])
    path = f"/conversations/{conversation.id}/customer/orders/{order['order_id']}"
    before = agent.get(path).json()
    kinds = [event["kind"] for event in before["events"]]
    assert kinds[-2:] == ["paid", "placed"]
    assert {"shipped", "delivered", "parcel"} <= set(kinds)
    assert [event["at"] for event in before["events"]] == sorted((e["at"] for e in before["events"]), reverse=True)
    assert before["order"]["recipient"]["phone"] == order["recipient"]["phone"]
    done = act(agent, conversation, action="exchange", order_id=order["order_id"]).json()
    newest = agent.get(path).json()["events"][0]
    assert (newest["kind"], newest["document_id"]) == ("exchange_requested", done["after"]["document_id"])
    foreign = shop.orders(lambda one: one["customer_id"] != order["customer_id"])[0]
    answer = agent.get(f"/conversations/{conversation.id}/customer/orders/{foreign['order_id']}")
    assert refusal(answer) == (404, "order_not_found")


def test_a_waiting_customers_order_is_masked(desk: RunningDesk, bot: BotDouble, shop: Shop) -> None:
    order = shop.orders(lambda one: one["status"] == "shipped")[0]
    conversation = queue_one(desk, bot, opening={"identity": identity(order["customer_id"])})
    seen = desk.new_agent().get(f"/conversations/{conversation.id}/customer/orders/{order['order_id']}")
    assert seen.status_code == 200
    for hidden in (order["recipient"]["phone"], order["recipient"]["detail"], order["recipient"]["name"]):
        assert hidden not in seen.text


# whose it is


def test_only_for_ones_own_conversation_and_its_own_customer(
    desk: RunningDesk, bot: BotDouble, shop: Shop, serve: Serve
) -> None:
    order = shop.returnable()
    stranger = next(one for one in ("C1001", "C1002", "C1003") if one != order["customer_id"])
    conversation, agent = serve(stranger)
    wanted = {"action": "return", "order_id": order["order_id"]}
    assert refusal(preview(agent, conversation, **wanted)) == (404, "order_not_found")
    assert refusal(act(agent, conversation, **wanted)) == (404, "order_not_found")
    assert refusal(act(desk.new_agent(), conversation, **wanted)) == (404, "conversation_not_found")
    supervisor = desk.new_agent(role="supervisor")
    assert refusal(act(supervisor, conversation, **wanted)) == (409, "not_owner")  # who acts takes over first
    anonymous = queue_one(desk, bot)
    agent.claim(anonymous)
    assert refusal(act(agent, anonymous, **wanted)) == (409, "customer_unknown")
    agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"})
    assert refusal(act(agent, conversation, **wanted)) == (409, "not_owner")
    assert records(desk, conversation) == []
    assert shop.get(f"/orders/{order['order_id']}/returns")["returns"] == []


# how much


def test_coupons_add_up_to_the_ceiling_of_the_customers_tier(desk: RunningDesk, shop: Shop, serve: Serve) -> None:
    conversation, agent = serve("C1001")
    given_before = shop.granted_fen("C1001")
    wanted = {"action": "coupon", "reason": "包裹晚到两天"}
    assert preview(agent, conversation, **wanted, amount_fen=1500).json()["left_fen"] == 2000
    done = act(agent, conversation, **wanted, amount_fen=1500).json()
    assert (done["state"], done["after"]["state"]) == ("done", "issued")
    for answer in (
        preview(agent, conversation, **wanted, amount_fen=600),
        act(agent, conversation, **wanted, amount_fen=600),
    ):
        assert refusal(answer) == (403, "over_authority")
        details = answer.json()["error"]["details"]
        assert (details["limit_fen"], details["left_fen"], details["way"]) == (2000, 500, "supervisor")
        assert "主管" in answer.json()["error"]["message"]
    assert shop.granted_fen("C1001") == [1500, *given_before]
    assert sorted(one["state"] for one in records(desk, conversation)) == ["denied", "done"]
    supervisor = desk.new_agent(role="supervisor").online()
    assert supervisor.post(f"/conversations/{conversation.id}/takeover").status_code == 200
    assert act(supervisor, conversation, **wanted, amount_fen=600).json()["state"] == "done"


def test_a_coupon_reaches_the_customer_as_a_card_once_and_from_the_agent(shop: Shop, serve: Serve) -> None:
    conversation, agent = serve("C1004")
    wanted = {"action": "coupon", "reason": "包裹晚到两天", "amount_fen": 500}
    first, again = (act(agent, conversation, "given-once", **wanted).json() for _ in range(2))
    assert first == again
    (message,) = [event for event in conversation.events() if event.get("card")]
    assert (message["sender"], message["agent"]["display_name"]) == ("agent", "小周")
    assert "5 元" in message["text"]
    (coupon,) = message["card"]["coupons"]
    granted = shop.get("/customers/C1004/coupon-grants")["grants"][0]["coupon"]
    assert {name: coupon[name] for name in ("coupon_id", "title", "discount_fen", "expires_at")} == {
        name: granted[name] for name in ("coupon_id", "title", "discount_fen", "expires_at")
    }
    assert (coupon["state"], coupon["scope_text"], coupon["threshold_fen"]) == ("usable", None, 0)
    assert "包裹晚到两天" not in str(message)  # why it was given is for the record
    refused = act(agent, conversation, action="coupon", reason="x", amount_fen=900_000)
    assert refusal(refused) == (403, "over_authority")
    assert len([event for event in conversation.events() if event.get("card")]) == 1


def test_coupons_given_at_the_same_time_do_not_pass_the_ceiling_together(
    desk: RunningDesk, shop: Shop, serve: Serve
) -> None:
    silver = next(one["customer_id"] for one in shop.get("/demo/customers")["customers"] if one["tier"] == "silver")
    conversation, agent = serve(silver)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda number: act(agent, conversation, f"c{number}", action="coupon", amount_fen=1000), range(6))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [403] * 3
    assert shop.granted_fen(silver) == [1000] * 3


def test_the_same_request_twice_at_the_same_time_gives_one_document(
    desk: RunningDesk, shop: Shop, serve: Serve
) -> None:
    order = shop.returnable()
    conversation, agent = serve(order["customer_id"])
    wanted = {"action": "return", "order_id": order["order_id"]}

    def late(number: int) -> httpx.Response:
        time.sleep(number * 0.004)  # spread over the time the first one takes, so that some meet its document
        return act(agent, conversation, "same", **wanted)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(late, range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["after"]["document_id"] for answer in answers}) == 1
    assert len(shop.get(f"/orders/{order['order_id']}/returns")["returns"]) == 1
    assert len(agent.get(f"/conversations/{conversation.id}/private-notes").json()["notes"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"action": "return", "reason": "x"},
        {"action": "return", "reason": " ", "order_id": "20261122000001"},
        {"action": "return", "reason": "长" * 201, "order_id": "20261122000001"},
        {"action": "coupon", "reason": "x"},
        {"action": "coupon", "reason": "x", "amount_fen": 0},
        {"action": "coupon_reissue", "reason": "because", "coupon_id": "CP700101"},
    ],
)
def test_half_a_request_is_refused_before_the_shop_is_asked(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match="action_invalid"):
        rules.checked(Wanted(**body))


# the shop is down


def test_a_shop_that_does_not_answer_is_told_and_the_rest_of_the_pane_stays(
    bot: BotDouble, make_desk: Callable[..., RunningDesk], shop: Shop, shop_url: str
) -> None:
    desk = make_desk(bot)  # its shop is nowhere
    conversation = queue_one(desk, bot, opening={"identity": identity("C1002")})
    agent = desk.new_agent().online()
    agent.claim(conversation)
    base = f"/conversations/{conversation.id}"
    assert refusal(agent.get(f"{base}/customer/tickets")) == (503, "shop_unavailable")
    assert refusal(agent.get(f"{base}/customer/orders/20261122000001")) == (503, "shop_unavailable")
    assert agent.get(f"{base}/contacts").json() == {"contacts": []}
    assert refusal(act(agent, conversation, action="coupon", amount_fen=100)) == (503, "shop_unavailable")
    assert records(desk, conversation) == []  # the facts were not known: nothing was asked for


def test_a_request_whose_end_is_not_known_is_asked_again_under_its_key(
    desk: RunningDesk, shop: Shop, serve: Serve
) -> None:
    order = shop.returnable()
    conversation, agent = serve(order["customer_id"])
    wanted = {"action": "return", "order_id": order["order_id"]}
    told = preview(agent, conversation, **wanted).json()
    now = desk.now()
    lost = AgentAction(
        id=f"x_{uuid.uuid4().hex}",
        client_id="lost",
        conversation_id=conversation.id,
        customer_id=order["customer_id"],
        agent_id=agent.agent["agent_id"],
        agent_name="小周",
        role="agent",
        action="return",
        order_id=order["order_id"],
        amount_fen=told["amount_fen"],
        request={"reason": "客户说尺码不合适", "quality_issue": False, "kind": "damaged"},
        before={"order_status": "delivered"},
        at=now,
    )
    with desk.database() as connection:  # the desk went down between its record and the shop's answer
        store.add(connection, lost)
        store.add_result(connection, lost.id, "unknown", now)
    done = act(agent, conversation, "lost", **wanted).json()
    assert (done["action_id"], done["state"]) == (lost.id, "done")
    filed = shop.get(f"/orders/{order['order_id']}/returns")["returns"]
    assert [one["return_id"] for one in filed] == [done["after"]["document_id"]]


# the record


def test_supervisors_read_the_record_agents_do_not(desk: RunningDesk, serve: Serve) -> None:
    conversation, agent = serve("C1003")
    reason = "=1+1 客户电话 13812345678"
    act(agent, conversation, action="coupon", amount_fen=100, reason=reason)
    for path in ("/agent-actions", "/agent-actions/csv"):
        assert refusal(agent.get(path)) == (403, "forbidden")
    supervisor = desk.new_agent(role="supervisor")
    table = supervisor.get(f"/agent-actions/csv?conversation={conversation.id}")
    assert table.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")))
    assert (row["客户"], row["金额（元）"], row["原因"]) == ("C1003", "1", "'=1+1 客户电话 138****5678")
    today = desk.now().date()
    assert supervisor.get(f"/agent-actions?from={today}&to={today}").status_code == 200
    for wrong in ("from=yesterday", "from=2026-01-01&to=2026-12-31", "from=2026-02-01&to=2026-01-01", "to=9999-12-31"):
        assert refusal(supervisor.get(f"/agent-actions?{wrong}")) == (422, "range_invalid")
    mine = agent.get(f"/conversations/{conversation.id}/agent-actions").json()
    assert [one["state"] for one in mine["actions"]] == ["done"]
    assert {"action": "coupon", "limit_fen": None, "by_tier": True} in mine["allowed"]


def test_earlier_contacts_open_for_who_has_the_customer_now(desk: RunningDesk, serve: Serve) -> None:
    earlier, colleague = serve("C1002", name="小林")
    colleague.say(earlier, "给您登记了，明天 18:00 前回复。")
    colleague.post(f"/conversations/{earlier.id}/resolve", {"outcome": "follow_up"})
    now, agent = serve("C1002")
    contacts = agent.get(f"/conversations/{now.id}/contacts").json()["contacts"]
    found = next(one for one in contacts if one["conversation_id"] == earlier.id)
    assert (found["agent"], found["outcome"], found["state"]) == ("小林", "待跟进", "resolved")
    events = agent.get(f"/conversations/{earlier.id}/events").json()["events"]
    assert "给您登记了，明天 18:00 前回复。" in str(events)
    assert agent.say(earlier, "我来了").status_code == 409  # to read, not to write
    agent.post(f"/conversations/{now.id}/resolve", {"outcome": "solved"})
    assert agent.get(f"/conversations/{earlier.id}/events").status_code == 404


# both databases, and the authority's file


def test_what_counts_as_given_on_postgresql(fresh_postgres: sa.URL) -> None:
    url = fresh_postgres.render_as_string(hide_password=False)
    migrate(url)
    engine, now = create_engine(url, writer=True), SystemClock().now()
    with engine.begin() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))  # no conversations needed here
        for number, state in enumerate(("done", "refused", "denied", "unknown", None)):
            action = AgentAction(
                id=f"x_{number}", client_id=f"k{number}", conversation_id="c_1", customer_id="C1", agent_id="a_1",
                agent_name="小周", role="agent", action="coupon", order_id=None, amount_fen=10**number,
                request={}, before={}, at=now,
            )  # fmt: skip
            store.add(connection, action)
            if state is not None:
                store.add_result(connection, action.id, "unknown", now)
                store.add_result(connection, action.id, state, now)
        store.hold_customer(connection, "C1")
        assert store.given_fen(connection, "C1", "coupon", now) == 1 + 1000 + 10000
        assert [one.state for one in store.found(connection, store.Wish(customer_id="C1", state="done"), 9)] == ["done"]
        assert len(store.found(connection, store.Wish(customer_id="C1"), 9)) == 5
    engine.dispose()


def test_the_authoritys_file_is_checked_at_start(tmp_path: Path) -> None:
    book = authority.load(PLAYBOOK)
    assert book.limit_fen("agent", "coupon", "vip") == book.authority_ceiling_fen["vip"]
    assert book.limit_fen("agent", "coupon", "of a later version") == min(book.authority_ceiling_fen.values())
    assert book.limit_fen("supervisor", "return", None) is None
    good = (PLAYBOOK / "escalation_summary.yml").read_text(encoding="utf-8")
    for wrong in (good.replace("coupon: by_tier", "coupon: lots"), good.replace("    supervisor: {", "    boss: {")):
        (tmp_path / "escalation_summary.yml").write_text(wrong, encoding="utf-8")
        with pytest.raises(SettingsError, match=r"escalation_summary\.yml"):
            authority.load.__wrapped__(tmp_path)
