import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import ChangesCard from "../src/components/summary/ChangesCard.vue";
import HistoryCard from "../src/components/summary/HistoryCard.vue";
import type { History, PastPromise } from "../src/contract/history";
import { i18n } from "../src/i18n";
import { hasJoined } from "../src/rules/guests";
import { useClock } from "../src/stores/clock";
import { useHandoffs } from "../src/stores/handoffs";
import { useSession } from "../src/stores/session";
import { handoff, message, provideCalls } from "./helpers";

const promise = (text: string, state: PastPromise["state"]): PastPromise => ({ text, state, due_at: "2026-11-21T10:00:00Z" });
const HISTORY: History = {
  contacts: [
    {
      conversation_id: "c_2", handoff_id: "h_2", kind: "person", at: "2026-11-21T02:00:00Z", agent: "小林", topic: "物流", outcome: "待跟进",
      promises: [promise("今晚八点前答复您", "broken"), promise("明天送到", "unknown")],
    },
    { conversation_id: "c_1", kind: "bot", at: "2026-11-20T02:00:00Z", outcome: "只和智能客服聊过", promises: [] },
  ],
  confirm_until: "2026-11-22T02:00:30Z",
  confirmed_at: null,
};

describe("the history of a customer who comes again", () => {
  const confirmHistory = vi.fn();

  beforeEach(() => {
    setActivePinia(createPinia());
    confirmHistory.mockReset();
    provideCalls({ confirmHistory, handoff: () => Promise.resolve({ ...handoff("h"), summary: null, summary_valid: true, history: HISTORY }) });
    useSession();
    useClock().nowMs = Date.parse("2026-11-22T02:00:10Z");
  });

  const card = (over: Partial<History> = {}, mine = true) =>
    mount(HistoryCard, { props: { handoffId: "h", history: { ...HISTORY, ...over }, mine }, global: { plugins: [i18n] } });

  it("says first what was promised and whether it was kept, then when, who and how it ended", () => {
    const text = card().text();
    const order = ["上次答应", "没兑现", "今晚八点前答复您", "是否兑现未知", "明天送到", "之前的联系", "小林 · 物流", "待跟进", "小接"];
    const places = order.map((words) => text.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("runs a clock until the agent says that they know the story", async () => {
    await useHandoffs().detail("h");
    const wrapper = card();
    expect(wrapper.find("[role=timer]").attributes("aria-label")).toBe("还剩 20 秒看完");
    confirmHistory.mockResolvedValue({ history: { ...HISTORY, confirmed_at: "2026-11-22T02:00:11Z" } });
    await wrapper.find("header button").trigger("click");
    await vi.waitFor(() => expect(useHandoffs().details.get("h")?.history?.confirmed_at).toBeTruthy());
    await wrapper.setProps({ history: useHandoffs().details.get("h")!.history! });
    expect(wrapper.find("header button").exists()).toBe(false);
    expect(wrapper.text()).toContain("已了解");
  });

  it("says when the thirty seconds are over, and runs for nobody but the agent who has it", () => {
    expect(card({ confirm_until: "2026-11-22T02:00:00Z" }).text()).toContain("已过 30 秒");
    expect(card({}, false).find("[role=timer]").exists()).toBe(false);
    expect(card({ confirm_until: null }).find("header button").exists()).toBe(false);
  });

  it("reads the document again once the conversation is in other hands", async () => {
    const store = useHandoffs();
    store.take(handoff("h"));
    const before = await store.detail("h");
    expect(await store.detail("h")).toBe(before);
    store.take(handoff("h", { state: "active", agent: { agent_id: "a_1", display_name: "小周" } }));
    expect(await store.detail("h")).not.toBe(before);
  });
});

describe("a second handoff of the same conversation", () => {
  const lines = (changes: object) =>
    mount(ChangesCard, { props: { changes: changes as never }, global: { plugins: [i18n] } })
      .findAll("p")
      .map((line) => line.text().replace(/\s+/g, " "));

  it("tells only what is new, in words", () => {
    expect(
      lines({
        emotion: { before: { family: "anxious", intensity: 1 }, after: { family: "angry", intensity: 3 } },
        priority: { before: "normal", after: "urgent" },
        triggers: { added: [{ code: "anger" }] },
        issues: { changed: [{ before: { title: "催物流", state: "open" }, after: { title: "催物流", state: "answered" } }] },
        promises: { removed: [{ text: "今晚答复" }] },
        missing: { added: ["要退款还是补发？"] },
        route: { before: {}, after: {} },
      }),
    ).toEqual([
      "优先级 普通 → 紧急",
      "情绪 焦虑 1 → 愤怒 3",
      "触发 愤怒",
      "问题 催物流 待办 → 催物流 已答",
      "承诺 今晚答复",
      "还缺 要退款还是补发？",
    ]);
  });

  it("says so when there is nothing new", () => expect(lines({})).toEqual(["没有新情况"]));
});

describe("a supervisor in a colleague's conversation", () => {
  const line = (seq: number, type: never, agent_id = "a_9") => message(seq, { type, sender: "system", agent: { display_name: "班长", agent_id } });

  it.each([
    ["joined", [line(1, "supervisor_joined" as never), message(2)], true],
    ["joined, another one left", [line(1, "supervisor_joined" as never), line(2, "supervisor_left" as never, "a_8")], true],
    ["left", [line(1, "supervisor_joined" as never), line(2, "supervisor_left" as never)], false],
    ["out with the next owner", [line(1, "supervisor_joined" as never), line(2, "agent_left" as never)], false],
    ["never there", [message(1)], false],
  ])("%s", (_name, events, joined) => expect(hasJoined(events, "a_9")).toBe(joined));
});
