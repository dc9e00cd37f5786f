import { describe, expect, it } from "vitest";
import example from "../../../contracts/examples/escalation_summary.json";
import type { EscalationSummary } from "../src/contract/summary";
import { clockSkewMs, elapsedSeconds, formatDuration, heatOf, secondsUntil } from "../src/rules/clock";
import { coursePoints, extendCourse, heatLevel, trendOf } from "../src/rules/emotion";
import { commandFor, KEY_BINDINGS, sendsMessage, type KeyPress } from "../src/rules/keys";
import { cardOfSnapshot } from "../src/rules/parcels";
import { feelingSince, readSummary } from "../src/rules/summary";
import { timelineRows } from "../src/rules/timeline";
import { message } from "./helpers";

const NOW = Date.parse("2026-11-22T02:00:48Z");

describe("clocks", () => {
  it("count whole seconds and never run backwards", () => {
    expect(elapsedSeconds("2026-11-22T02:00:00Z", NOW)).toBe(48);
    expect(elapsedSeconds("2026-11-22T03:00:00Z", NOW)).toBe(0);
    expect(elapsedSeconds("nonsense", NOW)).toBe(0);
    expect(elapsedSeconds(null, NOW)).toBe(0);
  });

  it("tell what is left, and by how much it is late", () => {
    expect(secondsUntil("2026-11-22T02:01:00Z", NOW)).toBe(12);
    expect(secondsUntil("2026-11-22T02:00:40Z", NOW)).toBe(-8);
    expect(secondsUntil(undefined, NOW)).toBeNull();
  });

  it("read like a clock", () => {
    expect([0, 48, 600, 3725].map(formatDuration)).toEqual(["00:00", "00:48", "10:00", "1:02:05"]);
  });

  it("warm up and are late at their limits", () => {
    expect([14, 15, 59, 60].map((seconds) => heatOf(seconds, 15, 60))).toEqual(["calm", "warm", "warm", "late"]);
  });

  it("follow the desk's clock when this machine's is wrong, not when it is a moment off", () => {
    const header = "Sun, 22 Nov 2026 02:00:00 GMT";
    const serverMs = Date.parse(header);
    expect(clockSkewMs(header, serverMs + 900, 100)).toBe(0);
    expect(clockSkewMs(header, serverMs - 300_000, 0)).toBe(300_500);
    expect(clockSkewMs(null, serverMs, 0)).toBeNull();
    expect(clockSkewMs("?", serverMs, 0)).toBeNull();
  });
});

describe("the course of emotion", () => {
  const course = [
    { message_id: "a", family: "anxious" as const, intensity: 1 },
    { message_id: "b", family: "angry" as const, intensity: 3 },
  ];

  it("lies higher the hotter it is, inside its box", () => {
    const [first, second] = coursePoints(course, 100, 30, 5);
    expect(first).toMatchObject({ x: 5, y: 15 });
    expect(second).toMatchObject({ x: 95, y: 5 });
    expect(coursePoints([{ family: "pleased", intensity: 2 }], 100, 30, 5)[0]).toMatchObject({ x: 50, y: 25 });
  });

  it("goes on with later messages, each once", () => {
    const later = [course[1]!, { message_id: "c", family: "pleased" as const, intensity: 1 }];
    expect(extendCourse(course, later).map((point) => point.message_id)).toEqual(["a", "b", "c"]);
  });

  it("rises, falls, or keeps", () => {
    expect(trendOf(course)).toBe("rising");
    expect(trendOf([...course].reverse())).toBe("falling");
    expect(trendOf(course.slice(0, 1))).toBe("steady");
    expect(heatLevel({ family: "neutral", intensity: 3 })).toBe(0);
  });
});

describe("keys", () => {
  const press = (over: Partial<KeyPress>): KeyPress => ({
    code: "KeyJ",
    key: "j",
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    isComposing: false,
    keyCode: 74,
    typing: false,
    onControl: false,
    dialogOpen: false,
    ...over,
  });

  it("go by their place on the keyboard, whatever the layout writes", () => {
    expect(commandFor(press({ key: "о" }))).toBe("next");
    expect(commandFor(press({ code: "KeyC", key: "ч" }))).toBe("claim");
  });

  it("do nothing while typing, composing, in a dialog, or with Ctrl and Meta", () => {
    expect(commandFor(press({ typing: true }))).toBeNull();
    expect(commandFor(press({ isComposing: true }))).toBeNull();
    expect(commandFor(press({ keyCode: 229 }))).toBeNull();
    expect(commandFor(press({ dialogOpen: true }))).toBeNull();
    expect(commandFor(press({ ctrlKey: true, code: "KeyC" }))).toBeNull();
    expect(commandFor(press({ metaKey: true, code: "KeyR" }))).toBeNull();
  });

  it("work with Alt also while typing", () => {
    expect(commandFor(press({ altKey: true, typing: true, code: "ArrowDown", key: "ArrowDown" }))).toBe("next");
    expect(commandFor(press({ altKey: true, typing: true, code: "KeyE", key: "´" }))).toBe("resolve");
    expect(commandFor(press({ altKey: true, isComposing: true, code: "KeyE" }))).toBeNull();
  });

  it("accept an offer with Enter, unless Enter presses a button or ends a word", () => {
    const enter = { code: "Enter", key: "Enter", keyCode: 13 };
    expect(commandFor(press(enter))).toBe("accept");
    expect(commandFor(press({ ...enter, onControl: true }))).toBeNull();
    expect(commandFor(press({ ...enter, typing: true }))).toBeNull();
    expect(commandFor(press({ ...enter, typing: true, altKey: true }))).toBe("accept");
    expect(commandFor(press({ ...enter, keyCode: 229 }))).toBeNull();
  });

  it("show the help with a question mark of either width", () => {
    expect(commandFor(press({ code: "Slash", key: "?", shiftKey: true }))).toBe("help");
    expect(commandFor(press({ code: "Slash", key: "？", shiftKey: true }))).toBe("help");
  });

  it("search with the slash while not typing, with Ctrl or Command and K always", () => {
    expect(commandFor(press({ code: "Slash", key: "/" }))).toBe("search");
    expect(commandFor(press({ code: "Slash", key: "、" }))).toBe("search");
    expect(commandFor(press({ code: "Digit7", key: "/", shiftKey: true }))).toBe("search");
    expect(commandFor(press({ code: "Slash", key: "/", typing: true }))).toBeNull();
    for (const held of [{ ctrlKey: true }, { metaKey: true }]) {
      expect(commandFor(press({ code: "KeyK", ...held, typing: true }))).toBe("search");
      expect(commandFor(press({ code: "KeyK", ...held, shiftKey: true }))).toBeNull();
      expect(commandFor(press({ code: "KeyK", ...held, dialogOpen: true }))).toBeNull();
    }
  });

  it("are each bound once", () => {
    expect(new Set(KEY_BINDINGS.map((binding) => binding.code)).size).toBe(KEY_BINDINGS.length);
    expect(new Set(KEY_BINDINGS.map((binding) => binding.altCode)).size).toBe(KEY_BINDINGS.length);
  });

  it("send with Enter, except with Shift, while composing, and for Safari's Enter after a composition", () => {
    const enter = { key: "Enter", shiftKey: false, isComposing: false, keyCode: 13 };
    expect(sendsMessage(enter)).toBe(true);
    expect(sendsMessage({ ...enter, shiftKey: true })).toBe(false);
    expect(sendsMessage({ ...enter, isComposing: true })).toBe(false);
    expect(sendsMessage({ ...enter, keyCode: 229 })).toBe(false);
  });
});

describe("summaries", () => {
  it("are read as they are when they keep their format", () => {
    const { order, ...rest } = readSummary(example) as EscalationSummary;
    const { order: expected, ...others } = example;
    expect(order).toEqual(expected);
    expect(rest).toEqual(others);
  });

  it("are read as far as they go when they do not", () => {
    const broken = readSummary({
      headline: 5,
      triggers: ["anger", { code: "anger", words: [1, "垃圾"] }],
      facts: "none",
      emotion: null,
      order: [],
      missing: null,
    });
    expect(broken).toMatchObject({
      headline: "",
      triggers: [{ code: "anger", evidence: [], words: ["垃圾"] }],
      facts: [],
      missing: [],
      suggested: { steps: [], canned_responses: [] },
      emotion: { family: "neutral", intensity: 0, course: [] },
    });
    expect(broken?.order).toBeUndefined();
    expect(readSummary(null)).toBeNull();
    expect(readSummary({})).toBeNull();
  });

  it("know since which message the feeling lasts", () => {
    expect(feelingSince(readSummary(example) as EscalationSummary)).toBe(2);
  });

  it("give the parcel as the shared card", () => {
    const { logistics } = readSummary(example) as EscalationSummary;
    const card = cardOfSnapshot("1", logistics!, { stages: ["揽收", "运输", "派送", "签收"], eta: (iso) => iso });
    expect(card.steps.map((step) => step.done)).toEqual([true, true, false, false]);
    expect(card.anomaly_text).toBe("杭州连日暴雨，车辆停运");
  });
});

describe("the timeline", () => {
  const sameDay = (first: string, second: string) => first.slice(0, 10) === second.slice(0, 10);

  it("groups what one person says in a row, and starts again after system lines and days", () => {
    const rows = timelineRows(
      [
        message(1),
        message(2),
        message(3, { type: "agent_joined", sender: "system" }),
        message(4),
        message(5, { at: "2026-11-23T02:00:00Z" }),
      ],
      [{ cid: "x", text: "好", at: "", state: "sending" }],
      sameDay,
    );
    expect(rows.map((row) => ("first" in row ? `${row.kind}${row.first ? "*" : ""}` : row.kind))).toEqual([
      "day",
      "message*",
      "message",
      "system",
      "message*",
      "day",
      "message*",
      "outgoing*",
    ]);
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
  });
});
