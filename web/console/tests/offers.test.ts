import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/http";
import OfferStack from "../src/components/list/OfferStack.vue";
import type { Agent, HandoffDetail } from "../src/contract/desk";
import { i18n } from "../src/i18n";
import { reasonsForMe } from "../src/rules/offers";
import { useClock } from "../src/stores/clock";
import { useHandoffs } from "../src/stores/handoffs";
import { useLink } from "../src/stores/link";
import { useOffers } from "../src/stores/offers";
import { useSession } from "../src/stores/session";
import { FakeSocket, handoff, provideCalls, reconnect } from "./helpers";

const NOW = Date.parse("2026-11-22T02:00:00Z");
const ME: Agent = {
  agent_id: "a_1", username: "zhou", display_name: "小周", role: "agent", groups: ["logistics"], capacity: 3, tags: ["vip"],
};
const EXPIRES_AT = "2026-11-22T02:00:20Z";

function historyOf(agent: string): HandoffDetail {
  const contact = { conversation_id: "c_0", at: "2026-11-20T02:00:00Z", agent, outcome: "已解决" };
  const history = { contacts: [contact], confirm_until: null, confirmed_at: null };
  return { ...handoff("h"), summary: null, summary_valid: true, history };
}

describe("why a customer is offered to me", () => {
  it.each([
    ["a colleague meant me", { target_agent_id: "a_1", tags: ["vip"] }, null, ["transferred"]],
    ["I helped them before", {}, historyOf("小周"), ["returning", "group"]],
    ["somebody else helped them before", {}, historyOf("小林"), ["group"]],
    ["a tag of mine", { tags: ["risk", "vip"] }, null, ["tag", "group"]],
    ["nobody of the group is free", { skill_group: "technical" }, null, ["overflow"]],
  ])("%s", (_name, row, detail, reasons) => expect(reasonsForMe(handoff("h", row), ME, detail)).toEqual(reasons));
});

describe("offers", () => {
  const decline = vi.fn();
  const setPresence = vi.fn();
  const offer = (id: string, over = {}) => FakeSocket.last.say({ type: "offer", handoff: handoff(id, over), expires_at: EXPIRES_AT });
  const shown = () => useOffers().open.map(({ row }) => row.id);

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW });
    setActivePinia(createPinia());
    FakeSocket.made = [];
    decline.mockReset().mockResolvedValue(handoff("h"));
    setPresence.mockReset().mockResolvedValue({ state: "online" });
    provideCalls({
      decline,
      setPresence,
      handoff: () => Promise.resolve(historyOf("小周")),
      queued: () => Promise.resolve({ handoffs: [] }),
      conversations: () => Promise.resolve({ conversations: [] }),
    });
    useSession().agent = ME;
    useOffers();
    useLink().start({ url: "ws://desk/ws/agent", createSocket: FakeSocket.create });
    FakeSocket.last.welcome();
  });
  afterEach(() => {
    useLink().stop();
    vi.useRealTimers();
  });

  it("are there until their time is over", () => {
    offer("h");
    expect(shown()).toEqual(["h"]);
    expect(useOffers().open[0]?.totalSeconds).toBe(20);
    vi.setSystemTime(NOW + 20_000);
    useClock().tick();
    expect(shown()).toEqual([]);
  });

  it("go when the desk ends them, and tell why", () => {
    const heard: string[] = [];
    useOffers().listen({ onEnded: ({ row }, reason) => heard.push(`${row.id} ${reason}`) });
    offer("h");
    for (const id of ["h", "never_offered"]) {
      FakeSocket.last.say({ type: "offer_ended", handoff_id: id, conversation: "c", reason: "taken" });
    }
    expect([shown(), heard]).toEqual([[], ["h taken"]]);
  });

  it("are told anew after a reconnection: what ended meanwhile is gone", async () => {
    offer("a");
    offer("b");
    await reconnect((ms) => vi.advanceTimersByTimeAsync(ms));
    offer("b");
    expect(shown()).toEqual(["b"]);
  });

  it("can be declined with a reason; one that could not be told stays", async () => {
    offer("h");
    decline.mockRejectedValueOnce(new ApiError(0, "unreachable", ""));
    await expect(useOffers().decline("h")).rejects.toMatchObject({ code: "unreachable" });
    expect(shown()).toEqual(["h"]);
    await useOffers().decline("h", "手上忙不过来");
    expect([shown(), decline.mock.lastCall]).toEqual([[], ["h", "手上忙不过来"]]);
    offer("late");
    decline.mockRejectedValueOnce(new ApiError(409, "not_offered", ""));
    await expect(useOffers().decline("late")).rejects.toMatchObject({ code: "not_offered" });
    expect(shown()).toEqual([]);
  });

  it("tell whom a transfer of mine came back from", () => {
    const heard: unknown[] = [];
    useOffers().listen({ onTransferEnded: (end) => heard.push(end) });
    const ended = { handoff_id: "h", conversation: "c", agent: { agent_id: "a_2", display_name: "小林" }, reason: "declined", note: "在开会" };
    FakeSocket.last.say({ type: "transfer_ended", ...ended });
    expect(heard).toMatchObject([ended]);
  });

  describe("on the page", () => {
    const page = () => mount(OfferStack, { global: { plugins: [i18n] } });

    it("show who, why me and the seconds left, and can be accepted or declined with a reason", async () => {
      offer("h", { headline: "包裹三天没动", priority: "high", tags: ["vip"], kind: "offline" });
      const wrapper = page();
      await vi.advanceTimersByTimeAsync(0);
      for (const words of ["包裹三天没动", "高", "离线留言", "上次也是您接待的", "您的技能组：物流"]) expect(wrapper.text()).toContain(words);
      expect(wrapper.find("[role=timer]").attributes("aria-label")).toBe("还剩 20 秒");
      await wrapper.find(".accept").trigger("click");
      await wrapper.find("[aria-haspopup=menu]").trigger("click");
      await wrapper.findAll("[role=menuitem]")[1]!.trigger("click");
      expect(wrapper.emitted()).toMatchObject({ accept: [["h"]], decline: [["h", "手上忙不过来"]] });
    });

    it("say that I was put on a break, until I am back", async () => {
      const wrapper = page();
      FakeSocket.last.say({ type: "presence", presence: "break", reason: "missed_offers" });
      await wrapper.vm.$nextTick();
      expect(useSession().presence).toBe("break");
      expect(wrapper.find("[role=alert]").text()).toContain("改成小休");
      await wrapper.find("[role=alert] button").trigger("click");
      expect(wrapper.emitted("online")).toHaveLength(1);
      await useSession().setPresence("online");
      expect(wrapper.find("[role=alert]").exists()).toBe(false);
    });
  });

  it("stay in the queue for everybody", () => {
    offer("h");
    expect(useHandoffs().queue.map((row) => row.id)).toEqual(["h"]);
  });
});
