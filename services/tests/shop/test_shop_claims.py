"""Claims, traces and changed invoices: what they do, when they are refused, and that twice is once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from conftest import RunningShop, run_shop, shop_environment

_keys = (f"claim-{number}" for number in itertools.count())
COMPANY = {"title": "杭州晓雯设计有限公司", "tax_number": "9133 0106 ma2b 1k3x 7q"}
BANK = {
    "bank": "工行文三路支行",
    "account": "1202 0226-0990 0012 345",
    "address": "文三路 1 号",
    "phone": "0571-88001234",
}


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def details(response: httpx.Response) -> dict[str, Any]:
    return dict(response.json()["error"]["details"])


def post(shop: RunningShop, order_id: str, what: str, body: object) -> httpx.Response:
    return shop.post(f"/orders/{order_id}/{what}", body, next(_keys))


def claim(shop: RunningShop, order_id: str, **changes: object) -> httpx.Response:
    body = {"kind": "damaged", "description": "杯口裂了", "remedy": "refund", "line_ids": None}
    return post(shop, order_id, "claims", {**body, **changes})


def hours_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)) / timedelta(hours=1)


# claims


def test_a_small_claim_is_refunded_at_once_and_only_once(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_signed_yesterday"]
    created = claim(fresh_shop, order_id, description=" 杯口裂了 ").json()
    assert (created["state"], created["needs_photos"], created["amount_fen"]) == ("approved", False, 8900)
    assert created["answer_by"] == created["requested_at"] and created["description"] == "杯口裂了"
    refund = created["refund"]
    assert (refund["state"], refund["amount_fen"], refund["reason"]) == ("approved", 8900, "杯口裂了")
    assert fresh_shop.get(f"/orders/{order_id}/refunds").json() == {"refunds": [refund]}
    assert fresh_shop.get(f"/orders/{order_id}/claims").json() == {"claims": [created]}
    assert fresh_shop.get(f"/orders/{order_id}").json()["status"] == "delivered"
    again = claim(fresh_shop, order_id, kind="missing", remedy="reship")
    assert (again.status_code, code(again)) == (409, "claim_already_open")
    assert details(again)["claim_id"] == created["claim_id"]
    returned = post(fresh_shop, order_id, "returns", {"kind": "return", "reason": "退"})
    assert code(returned) == "return_already_open"


def test_photos_are_laid_beside_a_claim_once_each_and_the_question_for_them_ends(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for shop in run_shop(shop_environment(tmp_path_factory.mktemp("photos"))):
        order_id = shop.named["order_signed_yesterday"]
        filed = claim(shop, order_id, remedy="part_refund").json()
        assert (filed["needs_photos"], filed["evidence"]) == (True, [])
        photos = [{"id": f"f_{n}", "kind": "image", "name": f"{n}.jpg", "url": f"/api/v1/f_{n}"} for n in range(2)]
        for given in (photos[:1], photos, photos):
            answer = shop.post(f"/claims/{filed['claim_id']}/evidence", {"evidence": given}, next(_keys))
            assert answer.status_code == 200
        assert (answer.json()["needs_photos"], answer.json()["evidence"]) == (False, photos)
        assert shop.get(f"/orders/{order_id}/claims").json()["claims"] == [answer.json()]
        unknown = shop.post("/claims/A0/evidence", {"evidence": photos}, next(_keys))
        assert (unknown.status_code, code(unknown)) == (404, "claim_not_found")
        broken = shop.post(f"/claims/{filed['claim_id']}/evidence", {"evidence": [{"id": ""}]}, next(_keys))
        assert broken.status_code in {400, 422}


def test_lines_are_claimed_one_by_one_and_dear_ones_are_looked_at(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_signed_two_lines"]
    cup, gift = (line["line_id"] for line in fresh_shop.get(f"/orders/{order_id}").json()["lines"])
    stock = fresh_shop.get("/products/P110").json()["skus"][1]["stock"]
    first = claim(fresh_shop, order_id, remedy="reship", line_ids=[cup]).json()
    assert (first["state"], first["amount_fen"], first["refund"]) == ("approved", None, None)
    assert hours_between(first["requested_at"], first["reship_by"]) == 48
    assert fresh_shop.get("/products/P110").json()["skus"][1]["stock"] == stock - 1
    both = claim(fresh_shop, order_id)
    assert (both.status_code, code(both)) == (409, "claim_already_open")
    second = claim(fresh_shop, order_id, line_ids=[gift]).json()
    assert (second["state"], second["needs_photos"], second["refund"]) == ("reviewing", True, None)
    assert hours_between(second["requested_at"], second["answer_by"]) == 24
    listed = fresh_shop.get(f"/orders/{order_id}/claims").json()["claims"]
    assert {one["claim_id"] for one in listed} == {first["claim_id"], second["claim_id"]}


def test_an_exchange_is_approved_and_can_be_taken_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    for shop in run_shop(shop_environment(tmp_path_factory.mktemp("exchange"))):
        order_id = shop.named["order_signed_yesterday"]
        created = claim(shop, order_id, kind="wrong", remedy="exchange").json()
        (exchange,) = shop.get(f"/orders/{order_id}/returns").json()["returns"]
        assert (exchange["return_id"], exchange["state"], exchange["kind"]) == (
            created["return_id"],
            "approved",
            "exchange",
        )
        assert code(claim(shop, order_id)) == "claim_already_open"
        assert post(shop, order_id, "undos", {}).json()["kind"] == "exchange"
        assert claim(shop, order_id).json()["state"] == "approved"


def test_what_is_not_plain_or_small_or_soon_is_looked_at(tmp_path_factory: pytest.TempPathFactory) -> None:
    for shop in run_shop(shop_environment(tmp_path_factory.mktemp("reviewing"))):
        cases = [
            (shop.named["order_signed_risky"], {}),
            (shop.named["order_signed_yesterday"], {"kind": "quality"}),
            (shop.named["order_signed_two_lines"], {"remedy": "part_refund"}),
            (shop.named["order_delivered"], {}),
        ]
        for order_id, changes in cases:
            answer = claim(shop, order_id, **changes).json()
            assert (answer["state"], answer["needs_photos"], answer["amount_fen"]) == ("reviewing", True, None)
            assert answer["refund"] is None


def test_the_playbook_sets_what_is_small_and_soon(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("strict")
    (folder / "playbook").mkdir()
    (folder / "playbook" / "policies.yml").write_text(
        "after_sales: {fast_lane_limit_fen: 8900, report_hours: 1}\ninvoices: {apply_days: 0}\n"
    )
    for shop in run_shop(shop_environment(folder)):
        assert claim(shop, shop.named["order_signed_yesterday"]).json()["state"] == "reviewing"
        issued = next(order for order in shop.orders() if order["invoice"]["state"] == "issued")
        late = post(shop, issued["order_id"], "invoices/changes", {"title": "李晓雯", "kind": "personal"})
        assert (late.status_code, code(late)) == (409, "invoice_change_expired") and details(late)["expired_at"]


def test_claims_that_cannot_be_are_refused(fresh_shop: RunningShop) -> None:
    named = fresh_shop.named
    expired = fresh_shop.orders(status="completed", customer_id="C1001")[0]
    exchanging = fresh_shop.orders(status="delivered", customer_id="C1018")[0]
    sold_out = named["order_signed_sold_out"]
    cases: list[tuple[str, dict[str, object], int, str]] = [
        (named["order_shipped"], {}, 409, "not_delivered"),
        (named["order_unshipped"], {}, 409, "not_delivered"),
        (named["order_refunding"], {}, 409, "order_closed"),
        (expired["order_id"], {}, 409, "claim_expired"),
        (exchanging["order_id"], {}, 409, "return_already_open"),
        (sold_out, {"remedy": "reship"}, 422, "remedy_not_possible"),
        (sold_out, {"remedy": "exchange"}, 422, "remedy_not_possible"),
        (sold_out, {"kind": "missing", "remedy": "exchange"}, 422, "remedy_not_possible"),
        (sold_out, {"description": " "}, 422, "description_invalid"),
        (sold_out, {"description": "x" * 501}, 422, "description_invalid"),
        (sold_out, {"line_ids": []}, 422, "line_unknown"),
        (sold_out, {"line_ids": ["20990101000000-1"]}, 422, "line_unknown"),
        (sold_out, {"kind": "late"}, 400, "invalid_request"),
    ]
    for order_id, changes, status, refusal in cases:
        response = claim(fresh_shop, order_id, **changes)
        assert (response.status_code, code(response)) == (status, refusal), changes
    assert fresh_shop.get(f"/orders/{sold_out}/claims").json() == {"claims": []}


# traces


def test_a_trace_is_opened_once_for_a_parcel(fresh_shop: RunningShop) -> None:
    split = next(o for o in fresh_shop.orders(status="shipped") if len(o["tracking_numbers"]) == 2)["order_id"]
    under_way = fresh_shop.get(f"/orders/{split}/shipments").json()["shipments"][1]
    created = post(fresh_shop, split, "traces", {"reason": "no_update", "detail": " 三天没动 "}).json()
    assert (created["tracking_number"], created["detail"]) == (under_way["tracking_number"], "三天没动")
    assert hours_between(created["requested_at"], created["answer_by"]) == 24
    again = post(fresh_shop, split, "traces", {"reason": "other"})
    assert (again.status_code, code(again)) == (409, "trace_already_open")
    assert details(again) == {name: created[name] for name in details(again)}
    assert {"trace_id", "answer_by"} <= set(details(again))
    assert fresh_shop.get(f"/orders/{split}/traces").json() == {"traces": [created]}


def test_a_parcel_signed_by_somebody_can_be_traced_and_what_was_not_sent_cannot(fresh_shop: RunningShop) -> None:
    delivered = fresh_shop.named["order_delivered"]
    assert post(fresh_shop, delivered, "traces", {"reason": "not_received"}).json()["detail"] == ""
    for status in ("unshipped", "pending_payment", "cancelled"):
        order_id = fresh_shop.orders(status=status)[0]["order_id"]
        response = post(fresh_shop, order_id, "traces", {"reason": "no_update"})
        assert (response.status_code, code(response)) == (409, "nothing_to_trace")
    too_long = post(fresh_shop, delivered, "traces", {"reason": "courier", "detail": "x" * 501})
    assert (too_long.status_code, code(too_long)) == (422, "detail_invalid")


# changed invoices


def test_a_requested_invoice_is_updated_and_an_issued_one_reissued(fresh_shop: RunningShop) -> None:
    requested = next(o for o in fresh_shop.orders() if o["invoice"]["state"] == "requested")["order_id"]
    body = {**COMPANY, **BANK, "kind": "special_vat"}
    updated = post(fresh_shop, requested, "invoices/changes", body).json()
    assert (updated["kind"], updated["red_letter_invoice_id"], updated["answer_by"]) == ("updated", None, None)
    invoice = updated["invoice"]
    assert (invoice["state"], invoice["tax_number"]) == ("requested", "91330106MA2B1K3X7Q")
    assert (invoice["account"], invoice["phone"]) == ("1202022609900012345", "057188001234")
    same = post(fresh_shop, requested, "invoices/changes", body)
    assert (same.status_code, code(same)) == (422, "nothing_to_change")

    issued = fresh_shop.named["order_delivered"]
    reissued = post(fresh_shop, issued, "invoices/changes", {**COMPANY, "kind": "company"}).json()
    assert reissued["kind"] == "reissued" and hours_between(reissued["requested_at"], reissued["answer_by"]) == 24
    assert reissued["red_letter_invoice_id"] not in (None, reissued["invoice"]["invoice_id"])
    assert (reissued["invoice"]["state"], reissued["invoice"]["issued_at"]) == ("requested", None)
    assert fresh_shop.get(f"/orders/{issued}").json()["invoice"]["title"] == COMPANY["title"]


def test_invoices_of_companies_need_their_details(fresh_shop: RunningShop) -> None:
    none = fresh_shop.named["order_high_value"]
    absent = post(fresh_shop, none, "invoices/changes", {"title": "个人", "kind": "personal"})
    assert (absent.status_code, code(absent)) == (409, "no_invoice")
    special = {**COMPANY, "kind": "special_vat"}
    for what in ("invoices", "invoices/changes"):
        missing = post(fresh_shop, none, what, {**special, **BANK, "bank": " ", "phone": None})
        assert (missing.status_code, code(missing)) == (422, "bank_details_missing")
        assert details(missing) == {"missing": ["bank", "phone"]}
        wrong = post(fresh_shop, none, what, {**special, **BANK, "account": "一二三"})
        assert (wrong.status_code, code(wrong), details(wrong)) == (422, "bank_details_invalid", {"field": "account"})
    assert post(fresh_shop, none, "invoices", {**special, **BANK}).json()["bank"] == BANK["bank"]


# saying it twice


WRITES: list[tuple[str, dict[str, object], str]] = [
    ("modifications", {"note": "放门口"}, "unshipped"),
    ("undos", {}, "refunding"),
    ("traces", {"reason": "no_update"}, "shipped"),
    ("invoices/changes", {"title": "曹小姐", "kind": "personal"}, "completed"),
    ("claims", {"kind": "quality", "description": "不亮", "remedy": "part_refund"}, "delivered"),
]


@pytest.mark.parametrize(("what", "body", "status"), WRITES)
def test_the_same_key_at_the_same_time_gives_one_document(
    fresh_shop: RunningShop, what: str, body: dict[str, object], status: str
) -> None:
    unknown = post(fresh_shop, "20990101000000", what, body)
    assert (unknown.status_code, code(unknown)) == (404, "order_not_found")
    order_id = order_for(fresh_shop, what, status)
    path, key = f"/orders/{order_id}/{what}", next(_keys)
    assert (fresh_shop.post(path, body).status_code, fresh_shop.post(path, body, "x" * 201).status_code) == (400, 422)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: fresh_shop.post(path, body, key), range(24)))
    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert len({answer.text for answer in answers}) == 1
    assert fresh_shop.post(path, body, key).text == answers[0].text


def order_for(shop: RunningShop, what: str, status: str) -> str:
    wanted = {"undos": "C1023", "invoices/changes": "C1026", "claims": "C1015", "traces": "C1014"}.get(what, "C1014")
    return str(shop.orders(status=status, customer_id=wanted)[0]["order_id"])
