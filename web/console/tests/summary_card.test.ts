import { TRANSLATE } from "@baton/shared";
import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import example from "../../../contracts/examples/escalation_summary.json";
import SummaryCard from "../src/components/summary/SummaryCard.vue";
import { i18n } from "../src/i18n";
import { readSummary } from "../src/rules/summary";
import { handoff } from "./helpers";

function card(raw: unknown, over: Record<string, unknown> = {}) {
  const summary = readSummary(raw)!;
  return mount(SummaryCard, {
    props: {
      summary,
      row: handoff("h", { headline: summary.headline }),
      course: summary.emotion.course,
      valid: true,
      answered: false,
      canWrite: true,
      ...over,
    },
    global: { plugins: [i18n], provide: { [TRANSLATE as symbol]: i18n.global.t } },
  });
}

describe("the summary card", () => {
  beforeEach(() => setActivePinia(createPinia()));

  it("says who, what, how they feel, what was tried, what is missing, what to do and what not to say", () => {
    const text = card(example).text();
    for (const words of [
      "王*（金卡）包裹晚到3天",
      "愤怒 3",
      "第 2 条起",
      "太差",
      "再也不买",
      "…0612",
      "晚到 3 天",
      "2 天没有动静",
      "杭州连日暴雨，车辆停运",
      "查询物流：告知暴雨停运与新到达时间",
      "预计明天 14:00 前送到",
      "您希望继续等、补发，还是退款？",
      "先致歉并承认晚到 3 天",
      "请您理解 · 耐心等待",
      example.one_sentence,
    ]) {
      expect(text).toContain(words);
    }
  });

  it("puts a missing question into the reply with one click, only when the agent may write", async () => {
    const writing = card(example);
    await writing.find(".question button").trigger("click");
    expect(writing.emitted("insert")).toEqual([["您希望继续等、补发，还是退款？"]]);
    expect(card(example, { canWrite: false }).find(".question button").exists()).toBe(false);
  });

  it("turns a suggested step into a reply when it can be said to the customer", async () => {
    const [first] = example.suggested.steps;
    const steps = card(example, { replies: new Map([[first, "这件事是我们没做好，对不起。"]]) });
    expect(steps.findAll(".step-reply")).toHaveLength(1);
    await steps.find(".step-reply").trigger("click");
    expect(steps.emitted("insert")).toEqual([["这件事是我们没做好，对不起。"]]);
    expect(card(example, { canWrite: false }).find(".step-reply").exists()).toBe(false);
  });

  it("leads from a trigger to the words that are its evidence", async () => {
    const wrapper = card(example);
    await wrapper.find(".part .ref").trigger("click");
    expect(wrapper.emitted("jump")).toEqual([["m_07"]]);
  });

  it("draws the course of emotion with one point for each message", () => {
    expect(card(example).findAll("svg.course .point")).toHaveLength(2);
    const long = Array.from({ length: 100 }, (_, index) => ({
      message_id: `x${index}`,
      family: "neutral",
      intensity: 0,
    }));
    expect(card(example, { course: long }).findAll("svg.course .point").length).toBeLessThan(5);
  });

  it("shows what it can of an invalid summary and says so", () => {
    const wrapper = card({ headline: "只有一句", triggers: "?" }, { valid: false });
    expect(wrapper.text()).toContain("只有一句");
    expect(wrapper.find('[role="alert"]').text()).toContain("摘要不符合约定的格式");
  });
});
