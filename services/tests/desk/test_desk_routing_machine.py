"""The handoff desk as a whole, under any sequence of events: customers, agents, offers, transfers, losses, restarts.

Plays the use cases on a real database with a clock that the test moves, and checks the invariants after every step.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from desk.agents import accounts, connections
from desk.agents import store as agent_store
from desk.agents.account_rules import COMMAND_LINE
from desk.agents.rules import SKILL_GROUPS, Agent
from desk.agents.store import agents
from desk.conversations import store as conversation_store
from desk.conversations import usecases as conversations
from desk.conversations.tables import conversations as conversation_table
from desk.handoffs import duty, hearing, offer_store, offers, queue_store, store, supervision, transfers, usecases
from desk.handoffs.ranking import may_expire, weight_for
from desk.handoffs.rules import Handoff
from desk.kernel import ids, policy, settings, wording
from desk.kernel.clock import iso
from desk.kernel.context import Scene
from desk.kernel.database import metadata
from desk.kernel.engine import create_engine
from desk.kernel.errors import DeskError
from desk.routing import usecases as routing
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import structs
from summaries import summary_for

SETTINGS = settings.load({}, require_secrets=False)
WORDING = wording.load(SETTINGS.playbook_dir)
POLICY = policy.load(SETTINGS.playbook_dir)
START = datetime(2026, 11, 22, 2, tzinfo=UTC)
PRESENCE_SECONDS = 900
OPEN = {"queued", "active"}
ASK_BOT = "先问机器人"

numbers = st.integers(0, 10_000)
modes = st.sampled_from(["auto", "auto", "pull"])
presences = st.sampled_from(["online", "online", "online", "busy", "break", "offline"])


class HandoffDesk(RuleBasedStateMachine):
    """Random days at the desk."""

    @initialize(
        mode=st.sampled_from(["auto", "auto", "pull"]),
        others=st.booleans(),
        customers=st.integers(0, 12),
        follows=st.booleans(),
    )
    def open_the_desk(self, mode: str, others: bool, customers: int, follows: bool) -> None:
        """Four agents of different groups and capacities, a supervisor, and who already waits."""
        self.engine = create_engine("sqlite://", writer=True)
        self.connection = self.engine.connect()
        self.now = START
        self.serial = itertools.count(1)
        self.policy = structs.replace(POLICY, mode=mode, others_may_claim=others)
        self.agents: list[str] = []
        self.router_follows = False
        self.run(metadata.create_all)
        self.router_follows = follows
        for capacity, groups, role in (
            (1, ["orders"], "agent"),
            (2, ["orders", "logistics"], "agent"),
            (3, list(SKILL_GROUPS), "agent"),
            (2, ["complaints"], "agent"),
            (2, list(SKILL_GROUPS), "supervisor"),
        ):
            self.agents.append(self.new_agent(capacity, groups, role))
        for number in range(len(self.agents)):
            self.an_agent_sets_their_presence(number, "online", False)
        for number in range(customers):
            self.a_customer_is_handed_over(SKILL_GROUPS[number % 5], "normal", "C1", number == 2)

    def teardown(self) -> None:
        """Close the database."""
        if hasattr(self, "connection"):
            self.connection.close()
            self.engine.dispose()

    def run(self, job: Callable[[sa.Connection], Any]) -> Any:
        """One write job: all of it, or, when it is refused, nothing of it; the error, if it was refused."""
        try:
            with self.connection.begin():
                result = job(self.connection)
        except DeskError as refused:
            return refused
        if self.router_follows:
            with self.connection.begin():
                routing.route(self.connection, self.scene())
        return result

    def scene(self) -> Scene:
        """Now."""
        return Scene(self.now, SETTINGS, WORDING, self.policy)

    def new_agent(self, capacity: int, groups: list[str], role: Any) -> str:
        """An account, offline."""
        agent = Agent(
            id=f"a_{next(self.serial)}",
            username=f"a{next(self.serial)}",
            display_name="小周",
            role=role,
            groups=groups,
            capacity=capacity,
            load=0,
            presence="offline",
            presence_until=None,
            lapsed_from=None,
            password_hash="none",
            disabled=False,
            created_at=self.now,
        )
        self.run(lambda c: agent_store.create(c, agent))
        return agent.id

    def agent(self, number: int) -> Agent:
        """One of the agents, as they are in the database."""
        found = agent_store.get(self.connection, self.agents[number % len(self.agents)])
        self.connection.rollback()
        assert found is not None
        return found

    def handoffs(self, *states: str) -> list[Handoff]:
        """All handoffs in these states."""
        rows = self.connection.execute(sa.select(store.handoffs).where(store.handoffs.c.state.in_(states)))
        found = [Handoff(**row._mapping) for row in rows]
        self.connection.rollback()
        return sorted(found, key=lambda handoff: handoff.id)

    def some(self, number: int, *states: str) -> Handoff | None:
        """One of the handoffs in these states, if there is any."""
        found = self.handoffs(*states)
        return found[number % len(found)] if found else None

    def offered(self) -> list[Handoff]:
        """What is offered to somebody."""
        return [handoff for handoff in self.handoffs("queued") if handoff.offered_agent_id is not None]

    def has(self, situation: str) -> bool:
        """Whether anything is `offered` or `active`: rules that need it are not drawn in vain."""
        if not hasattr(self, "agents"):
            return False
        return bool(self.offered() if situation == "offered" else self.handoffs(situation))

    def some_offer(self, number: int) -> tuple[Handoff, Agent]:
        """One of the offers, and to whom."""
        found = self.offered()
        handoff = found[number % len(found)]
        return handoff, self.agent(self.agents.index(str(handoff.offered_agent_id)))

    def owner_of(self, handoff: Handoff) -> str:
        """Who owns its conversation."""
        query = sa.select(conversation_table.c.owner_kind).where(conversation_table.c.id == handoff.conversation_id)
        owner = str(self.connection.execute(query).scalar_one())
        self.connection.rollback()
        return owner

    # What customers do

    @rule(
        group=st.sampled_from(SKILL_GROUPS),
        priority=st.sampled_from(["urgent", "high", "normal", "low"]),
        customer=st.sampled_from(["C1", "C2", None]),
        heavy=st.booleans(),
    )
    def a_customer_is_handed_over(self, group: str, priority: str, customer: str | None, heavy: bool) -> None:
        """The bot hands over."""
        conversation_id = f"c_{next(self.serial)}"
        opening = conversations.Opening(
            conversation_id=conversation_id,
            token_hash="0" * 64,
            customer_id=customer,
            customer_name=None,
            page=None,
            device=None,
            locale="zh-CN",
            greeting="您好",
            buttons=[],
        )
        triggers = [{"code": "malicious_complaint" if heavy else "customer_request"}]
        summary = summary_for(
            {"message_id": ids.message_id(self.now), "conversation_id": conversation_id},
            priority=priority,
            triggers=triggers,
            route={"skill_group": group, "level": 1, "tags": []},
        )

        def hand_over(connection: sa.Connection) -> None:
            conversations.open_conversation(connection, opening, self.scene())
            conversation = conversations.existing(connection, conversation_id)
            escalation = usecases.Escalation(f"h_{conversation_id}", summary, None)
            usecases.queue(connection, conversation, escalation, self.scene())

        assert self.run(hand_over) is None

    @rule(number=numbers)
    def a_customer_leaves_the_queue(self, number: int) -> None:
        """By button."""
        handoff = self.some(number, "queued")
        if handoff is not None:
            assert self.run(lambda c: usecases.cancel(c, handoff.conversation_id, self.scene())) is None

    @rule(
        number=numbers,
        text=st.sampled_from(["算了", "不等了", "不等了，我要投诉", "在吗", "13800138000", ASK_BOT, ASK_BOT]),
    )
    def a_customer_writes(self, number: int, text: str) -> None:
        """While waiting, while the bot answers meanwhile, or while an agent is there."""
        handoff = self.some(number, *OPEN)
        if handoff is None:
            return
        incoming = conversations.Incoming(f"k{next(self.serial)}", text)

        def receive(connection: sa.Connection) -> None:
            accepted = conversations.accept_from_customer(connection, handoff.conversation_id, incoming, self.scene())
            hearing.hear(connection, accepted.event, self.scene())

        before = self.owner_of(handoff)
        assert self.run(receive) is None
        left = [h for h in self.handoffs("cancelled") if h.id == handoff.id]
        assert bool(left) == (before == "queue" and text == "算了")
        assert self.owner_of(handoff) == ("bot" if left or (before == "queue" and text == ASK_BOT) else before)

    @rule(number=numbers)
    def a_customer_comes_back(self, number: int) -> None:
        """Or went on with the bot, and asks for a person again: a second handoff, in the place of the first."""
        handoff = self.some(number, "resolved", "handed_back", "cancelled", "queued")
        if handoff is None or self.owner_of(handoff) in {"queue", "agent"}:
            return
        incoming = conversations.Incoming(f"k{next(self.serial)}", "又有问题")

        def again(connection: sa.Connection) -> None:
            conversations.accept_from_customer(connection, handoff.conversation_id, incoming, self.scene())
            conversation = conversations.existing(connection, handoff.conversation_id)
            if conversation.owner_kind == "bot":
                escalation = usecases.Escalation(f"h_{next(self.serial)}", handoff.summary, handoff.summary_fault)
                usecases.queue(connection, conversation, escalation, self.scene())

        assert self.run(again) is None
        (new,) = [h for h in self.handoffs("queued") if h.conversation_id == handoff.conversation_id]
        if handoff.state == "queued":
            assert (new.queued_at, new.front, new.contact) == (handoff.queued_at, handoff.front, handoff.contact)

    # What agents do

    @rule(number=numbers, presence=presences, force=st.booleans())
    def an_agent_sets_their_presence(self, number: int, presence: Any, force: bool) -> None:
        """Going offline with open conversations needs force."""
        agent, until = self.agent(number), self.now + timedelta(seconds=PRESENCE_SECONDS)
        refused = self.run(lambda c: duty.set_presence(c, agent.id, presence, until, self.scene(), force=force))
        assert isinstance(refused, DeskError) == (presence == "offline" and not force and agent.load > 0)

    @rule(number=numbers)
    def an_agent_loses_the_connection(self, number: int) -> None:
        """The last socket is gone: the grace time runs."""
        agent = self.agent(number)
        if agent.presence != "offline":
            until = self.now + timedelta(seconds=SETTINGS.presence_grace_seconds)
            self.run(lambda c: agent_store.shorten_presence(c, agent.id, until))

    @rule(number=numbers, which=numbers)
    def an_agent_claims(self, number: int, which: int) -> None:
        """Any agent, anything that is open: allowed or refused, never half done."""
        handoff, agent = self.some(which, "queued") or self.some(which, "active"), self.agent(number)
        if handoff is None:
            return
        result = self.run(lambda c: usecases.claim(c, handoff.id, agent, self.scene()))
        fits = agent.load + weight_for(handoff.weight, agent.capacity) <= agent.capacity
        mine = handoff.state == "active" and handoff.agent_id == agent.id
        locked = self.policy.mode == "auto" and not self.policy.others_may_claim
        allowed = not locked or handoff.offered_agent_id == agent.id
        possible = mine or (handoff.state == "queued" and agent.presence == "online" and fits and allowed)
        assert isinstance(result, DeskError) != possible

    @precondition(lambda self: self.has("offered"))
    @rule(which=numbers)
    def an_offer_is_accepted(self, which: int) -> None:
        """An offer that is out can always be accepted."""
        handoff, agent = self.some_offer(which)
        taken = self.run(lambda c: usecases.claim(c, handoff.id, agent, self.scene()))
        assert not isinstance(taken, DeskError), taken
        assert (taken.state, taken.agent_id) == ("active", agent.id)

    @precondition(lambda self: self.has("offered"))
    @rule(which=numbers)
    def an_offer_is_seen(self, which: int) -> None:
        """Seen and not answered counts as missed when it runs out."""
        handoff, agent = self.some_offer(which)
        self.run(lambda c: offer_store.mark_shown(c, handoff.id, agent.id))

    @precondition(lambda self: self.has("offered"))
    @rule(which=numbers)
    def an_offer_is_declined(self, which: int) -> None:
        """It goes on to others; a transfer that was meant for this agent is then for everybody."""
        handoff, agent = self.some_offer(which)
        declined = self.run(lambda c: offers.decline(c, handoff.id, agent, self.scene(), reason="在忙"))
        assert (declined.offered_agent_id, declined.passed.get(agent.id)) == (None, iso(self.now))
        assert declined.target_agent_id != agent.id

    @precondition(lambda self: self.has("active"))
    @rule(number=numbers, which=numbers, to_group=st.booleans(), group=st.sampled_from(SKILL_GROUPS))
    def an_agent_transfers(self, number: int, which: int, to_group: bool, group: str) -> None:
        """To a group or a colleague; who cannot is refused and keeps it."""
        handoff, target = self.some(which, "active"), self.agent(number)
        assert handoff is not None
        owner = self.agent(self.agents.index(str(handoff.agent_id)))
        moved = self.run(
            lambda c: transfers.transfer(
                c,
                handoff.conversation_id,
                owner,
                self.scene(),
                group=group if to_group else None,
                target_agent_id=None if to_group else target.id,
                note="请接手",
            )
        )
        possible = to_group or (target.id != owner.id and target.presence == "online")
        assert isinstance(moved, DeskError) != possible
        if possible:
            assert (moved.state, moved.front, moved.queued_at) == ("queued", 1, handoff.queued_at)

    @precondition(lambda self: self.has("active"))
    @rule(number=numbers, which=numbers, accept=st.booleans())
    def a_colleague_answers_a_transfer(self, number: int, which: int, accept: bool) -> None:
        """Accepted, it is theirs; declined, it is for everybody, at the front, and its sender is not asked at once."""
        handoff, target = self.some(which, "active"), self.agent(number)
        assert handoff is not None
        owner = self.agent(self.agents.index(str(handoff.agent_id)))
        if target.id == owner.id:
            return
        self.an_agent_sets_their_presence(number, "online", False)

        def transfer_and_answer(connection: sa.Connection) -> Handoff:
            to: dict[str, Any] = {"group": None, "target_agent_id": target.id, "note": "请接手"}
            moved = transfers.transfer(connection, handoff.conversation_id, owner, self.scene(), **to)
            if moved.offered_agent_id is None:
                return moved  # no room: it waits for this colleague
            assert moved.offered_agent_id == target.id
            if accept:
                return usecases.claim(connection, moved.id, target, self.scene())
            return offers.decline(connection, moved.id, target, self.scene(), reason="不会")

        done = self.run(transfer_and_answer)
        answers = {("active", target.id, target.id), ("queued", None, None), ("queued", None, target.id)}
        assert (done.state, done.agent_id, done.target_agent_id) in answers
        assert done.state == "active" or (done.front, done.passed.get(owner.id)) == (1, iso(self.now))

    @precondition(lambda self: self.has("active"))
    @rule(which=numbers, way=st.sampled_from(["resolve", "hand_back"]))
    def an_agent_finishes(self, which: int, way: str) -> None:
        """Resolved, or back to the bot."""
        handoff = self.some(which, "active")
        assert handoff is not None
        owner, scene = self.agent(self.agents.index(str(handoff.agent_id))), self.scene()
        conversation_id = handoff.conversation_id
        if way == "resolve":
            done = self.run(lambda c: usecases.resolve(c, conversation_id, owner, scene, outcome="solved", note=None))
        else:
            done = self.run(lambda c: usecases.hand_back(c, conversation_id, owner, scene, note="好了", settled=[]))
        assert done.state in {"resolved", "handed_back"}

    @rule(which=numbers)
    def the_supervisor_takes_over(self, which: int) -> None:
        """From whoever has it."""
        rows = self.connection.execute(sa.select(conversation_table.c.id).order_by(conversation_table.c.id)).all()
        self.connection.rollback()
        supervisor = self.agent(len(self.agents) - 1)
        if rows:
            conversation_id = rows[which % len(rows)].id
            self.run(lambda c: supervision.take_over(c, conversation_id, supervisor, self.scene()))
            self.run(lambda c: supervision.join(c, conversation_id, supervisor, self.scene()))

    @rule(number=st.integers(0, 3), force=st.booleans())
    def an_account_is_disabled_and_enabled_again(self, number: int, force: bool) -> None:
        """Open conversations are in the way of that, unless it is forced."""
        agent, job = self.agent(number), {"actor": COMMAND_LINE, "scene": self.scene(), "force": force}
        done = self.run(lambda c: accounts.disable(c, agent.id, give_back=duty.GIVE_BACK, **job))
        assert isinstance(done, DeskError) == (agent.load > 0 and not force)
        if not isinstance(done, DeskError):
            assert (done.disabled, done.load, done.presence) == (True, 0, "offline")
            self.run(lambda c: accounts.enable(c, agent.id, COMMAND_LINE, self.now))
            self.an_agent_sets_their_presence(number, "online", False)

    # What time and the machine do

    @rule()
    def the_router_runs(self) -> None:
        """One pass."""
        self.run(lambda c: routing.route(c, self.scene()))
        self.run(lambda c: routing.clear_up(c, self.scene()))

    @rule(seconds=st.sampled_from([1, 21, 61, 130, 901]), consoles_open=st.booleans())
    def time_passes(self, seconds: int, consoles_open: bool) -> None:
        """And the router notices; an open console is a sign of life."""
        self.now += timedelta(seconds=seconds)
        for agent_id in self.agents if consoles_open else []:
            until = self.now + timedelta(seconds=PRESENCE_SECONDS)
            self.run(lambda c, one=agent_id, then=until: agent_store.renew_presence(c, one, then))
        self.the_router_runs()

    @rule(all_pages_closed=st.integers(0, 5).map(lambda dice: dice == 0))
    def everybody_waits_long_enough_to_leave(self, all_pages_closed: bool) -> None:
        """Customers whose page is closed lose their place, unless they were promised something."""
        if not all_pages_closed:
            return
        self.now += timedelta(seconds=POLICY.place_kept_seconds + 1)
        promised = {handoff.id for handoff in self.handoffs("queued") if not may_expire(handoff)}
        self.run(lambda c: routing.clear_up(c, self.scene()))
        assert promised <= {handoff.id for handoff in self.handoffs("queued")}

    @rule()
    def the_desk_restarts(self) -> None:
        """As app.Parts.start does."""
        until = self.now + timedelta(seconds=SETTINGS.presence_grace_seconds)
        self.run(lambda c: connections.begin(c, until))
        self.run(lambda c: conversation_store.customers_seen(c, None, self.now))
        self.the_router_runs()

    # What must always hold

    @precondition(lambda self: hasattr(self, "agents"))
    @invariant()
    def every_conversation_has_exactly_one_owner(self) -> None:
        """Queue and agents own exactly those with an open handoff, and the same one."""
        rows = self.connection.execute(sa.select(conversation_table)).all()
        kept = set(
            self.connection.execute(sa.select(store.steps.c.handoff_id).where(store.steps.c.kind == "kept")).scalars()
        )
        self.connection.rollback()
        held = {handoff.conversation_id: handoff for handoff in self.handoffs(*OPEN)}
        assert len(held) == len(self.handoffs(*OPEN))
        for row in rows:
            handoff = held.pop(row.id, None)
            owner = (row.owner_kind, row.state, row.owner_agent_id)
            if handoff is None:
                assert owner in {("bot", "bot", None), ("none", "closed", None)}
            elif handoff.state == "queued":
                assert owner in {("queue", "queued", None), ("bot", "bot", None)}
                assert owner[0] == "queue" or handoff.id in kept
                assert handoff.agent_id is None
            else:
                assert owner == ("agent", "active", handoff.agent_id)
                assert handoff.agent_id is not None
        assert not held

    @precondition(lambda self: hasattr(self, "agents"))
    @invariant()
    def load_is_what_was_taken_and_never_above_capacity(self) -> None:
        """Together with what is out to them, too."""
        taken, out = Counter[str](), Counter[str]()
        for handoff in self.handoffs(*OPEN):
            if handoff.state == "active":
                taken[str(handoff.agent_id)] += handoff.weight_taken
        found = self.connection.execute(sa.select(agents)).all()
        self.connection.rollback()
        capacity = {row.id: row.capacity for row in found}
        for handoff in self.handoffs("queued"):
            if handoff.offered_agent_id is not None:
                out[handoff.offered_agent_id] += weight_for(handoff.weight, capacity[handoff.offered_agent_id])
        for row in found:
            assert row.load == taken[row.id]
            assert row.load + out[row.id] <= row.capacity
            assert not out[row.id] or row.presence == "online"

    @precondition(lambda self: hasattr(self, "agents"))
    @invariant()
    def nobody_is_lost_and_the_order_is_kept(self) -> None:
        """Every queued customer is in the queue once, in the order of front, then due time."""
        queued = {handoff.conversation_id: handoff for handoff in self.handoffs("queued")}
        order = [conversation_id for conversation_id, _ in queue_store.queued_conversations(self.connection)]
        self.connection.rollback()
        assert sorted(order) == sorted(queued)
        keys = [(-queued[one].front, queued[one].due_at, queued[one].id) for one in order]
        assert keys == sorted(keys)


HandoffDesk.TestCase.settings = hypothesis_settings(
    max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHandoffDesk = HandoffDesk.TestCase
