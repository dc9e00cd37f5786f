/** What the conversation makes of a feeling is shown with its reasons, as long as it is the newest reading. */

import { mount } from "@vue/test-utils";
import { describe, expect, it } from "vitest";
import { i18n } from "../src/i18n";
import EmotionChip from "../src/components/ui/EmotionChip.vue";
import type { Emotion } from "../src/contract/summary";
import { adjustmentOf, emotionNow } from "../src/rules/emotion";

const ROW: Emotion = { family: "anxious", intensity: 1, adjusted: { family: "anxious", intensity: 3, reasons: ["同一个问题问到第 3 次"] } };

describe("adjusted emotion", () => {
  it("reads the summary's reasons and the row's", () => {
    const summary: Emotion = { ...ROW, adjusted: { ...ROW.adjusted!, reasons: [{ code: "long_wait", text: "已过 14 分钟" }] } };
    expect(adjustmentOf(ROW)?.words).toEqual(["同一个问题问到第 3 次"]);
    expect(adjustmentOf(summary)?.words).toEqual(["已过 14 分钟"]);
    expect(adjustmentOf({ family: "angry", intensity: 2, adjusted: null })).toBeNull();
    expect(adjustmentOf(null)).toBeNull();
  });

  it("gives way to what the customer says next", () => {
    expect(emotionNow({ family: "anxious", intensity: 1 }, ROW)).toBe(ROW);
    expect(emotionNow({ family: "pleased", intensity: 1 }, ROW)?.adjusted).toBeUndefined();
    expect(emotionNow(undefined, ROW)).toBe(ROW);
  });

  it("is on the chip, with why", () => {
    const chip = mount(EmotionChip, { props: { emotion: ROW }, global: { plugins: [i18n] } });
    expect(chip.text()).toMatch(/焦虑\s*3/);
    expect(chip.attributes("title")).toContain("同一个问题问到第 3 次");
  });
});
