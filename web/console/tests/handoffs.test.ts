import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/http";
import { latestOf, neighbour, queueOrder } from "../src/rules/handoffs";
import { useHandoffs } from "../src/stores/handoffs";
import { useLink } from "../src/stores/link";
import { useSession } from "../src/stores/session";
import { FakeSocket, handoff, provideCalls, reconnect } from "./helpers";

const ME = { agent_id: "a_1", display_name: "小周" };

describe("order", () => {
  it("is the desk's own: who was with an agent already, then by when they are due", () => {
    const rows = [
      handoff("low", { due_at: "2026-11-22T02:18:00.000Z" }),
      handoff("urgent", { due_at: "2026-11-22T02:09:00.000Z", priority: "urgent" }),
      handoff("low-for-long", { due_at: "2026-11-22T01:45:00.000Z", priority: "low" }),
      handoff("came-back", { front: 1, due_at: "2026-11-22T03:00:00.000Z" }),
      handoff("transferred", { front: 2, due_at: "2026-11-22T04:00:00.000Z" }),
      handoff("taken", { state: "active", agent: ME, due_at: "2026-11-22T01:00:00.000Z" }),
    ];
    expect(queueOrder(rows).map((row) => row.id)).toEqual(["transferred", "came-back", "low-for-long", "urgent", "low"]);
  });

  it("moves round at both ends and starts at the near one", () => {
    expect(neighbour(["a", "b"], "b", 1)).toBe("a");
    expect(neighbour(["a", "b"], "a", -1)).toBe("b");
    expect(neighbour(["a", "b"], "gone", 1)).toBe("a");
    expect(neighbour([], null, 1)).toBeNull();
  });

  it("takes the newest handoff of a conversation", () => {
    const rows = [
      handoff("old", { conversation_id: "c", queued_at: "2026-11-20T00:00:00Z" }),
      handoff("new", { conversation_id: "c", queued_at: "2026-11-22T00:00:00Z" }),
    ];
    expect(latestOf(rows, "c")?.id).toBe("new");
  });
});

describe("the store", () => {
  const queued = vi.fn();
  const conversations = vi.fn();
  const claim = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    setActivePinia(createPinia());
    FakeSocket.made = [];
    queued.mockReset().mockResolvedValue({ handoffs: [] });
    conversations.mockReset().mockResolvedValue({ conversations: [] });
    claim.mockReset();
    provideCalls({ queued, conversations, claim });
    useSession().agent = { ...ME, username: "zhou", role: "agent", groups: [], capacity: 5 };
    useHandoffs();
    useLink().start({ url: "ws://desk/ws/agent", createSocket: FakeSocket.create });
  });
  afterEach(() => {
    useLink().stop();
    vi.useRealTimers();
  });

  it("lets go of rows that left the queue while the connection was down", async () => {
    const store = useHandoffs();
    FakeSocket.last.welcome();
    FakeSocket.last.say({ type: "handoffs", handoffs: [handoff("a"), handoff("b")] });
    expect(store.queue.map((row) => row.id)).toEqual(["a", "b"]);

    const again = await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    again.say({ type: "handoff", handoff: handoff("c") }); // came while the desk was still reading
    again.say({ type: "handoffs", handoffs: [handoff("b")] });
    expect(store.queue.map((row) => row.id)).toEqual(["b", "c"]);
  });

  it("keeps my conversations over a reconnection", async () => {
    const mine = handoff("m", { state: "active", agent: ME, claimed_at: "2026-11-22T02:00:10Z" });
    FakeSocket.last.welcome();
    FakeSocket.last.say({ type: "handoffs", handoffs: [mine] });
    const again = await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    expect(again.sentOf("hello")).toEqual([{ type: "hello", handoffs_in_one: true }]);
    again.say({ type: "handoffs", handoffs: [mine] });
    expect(useHandoffs().mine.map((row) => row.id)).toEqual(["m"]);
  });

  it("tells a row that is news from one that was there when the page was opened", () => {
    const store = useHandoffs();
    const seen: [string, boolean][] = [];
    store.onRow((row, before) => seen.push([row.id, store.settled && before === null]));
    FakeSocket.last.welcome();
    FakeSocket.last.say({ type: "handoffs", handoffs: [handoff("old")] });
    FakeSocket.last.say({ type: "handoff", handoff: handoff("fresh") });
    expect(seen.filter(([, news]) => news).map(([id]) => id)).toEqual(["fresh"]);
  });

  it("reads everything anew when the desk saw something else", async () => {
    const store = useHandoffs();
    store.take(handoff("gone"));
    const mine = handoff("m", { state: "active", agent: ME, claimed_at: "2026-11-22T02:00:10Z" });
    queued.mockResolvedValue({ handoffs: [handoff("a")] });
    conversations.mockResolvedValue({
      conversations: [{ conversation_id: "c_m", state: "active", seq: 3, handoff: mine }],
    });
    await store.readAll();
    expect([store.queue.map((row) => row.id), store.mine.map((row) => row.id)]).toEqual([["a"], ["m"]]);
  });

  it("still knows whose it is when a colleague was faster and the queue is read again", async () => {
    const store = useHandoffs();
    const theirs = handoff("a", { state: "active", agent: { agent_id: "a_other", display_name: "班长" }, claimed_at: "2026-11-22T02:00:10Z" });
    FakeSocket.last.welcome();
    FakeSocket.last.say({ type: "handoffs", handoffs: [handoff("a")] });
    FakeSocket.last.say({ type: "handoff", handoff: theirs });
    queued.mockResolvedValue({ handoffs: [] });
    conversations.mockResolvedValue({ conversations: [] });
    await store.readAll();
    expect(store.rows.get("a")).toEqual(theirs);

    const again = await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    again.say({ type: "handoffs", handoffs: [] }); // what happened meanwhile nobody has told
    expect(store.rows.has("a")).toBe(false);
  });

  it("says that the reading failed and keeps what it has", async () => {
    const store = useHandoffs();
    store.take(handoff("a"));
    queued.mockRejectedValue(new ApiError(0, "unreachable", ""));
    await store.readAll();
    expect(store.readError).toBeInstanceOf(ApiError);
    expect(store.queue).toHaveLength(1);
  });

  it("moves a claimed row from the queue to mine, and leaves it when somebody else was faster", async () => {
    const store = useHandoffs();
    store.take(handoff("a"));
    claim.mockRejectedValueOnce(new ApiError(409, "already_claimed", ""));
    await expect(store.claim("a")).rejects.toMatchObject({ code: "already_claimed" });
    expect(store.queue).toHaveLength(1);
    claim.mockResolvedValueOnce(handoff("a", { state: "active", agent: ME, claimed_at: "2026-11-22T02:00:10Z" }));
    await store.claim("a");
    expect([store.queue.length, store.mine.length]).toEqual([0, 1]);
  });
});
