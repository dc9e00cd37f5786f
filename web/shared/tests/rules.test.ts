/** The small pure rules: back-off, sequence, formats, links, languages. */

import { describe, expect, it } from "vitest";
import {
  backoffMs, createTranslate, EventLog, formatClock, formatDay, formatFen, formatMoment, formatWait, hasMessage, loadMessages,
  LOCALES, matchLocale, sameDay, splitLinks, type ChatEvent, type Messages,
} from "../src";

const t = createTranslate(await loadMessages("zh-CN"));
const now = new Date("2026-11-22T02:00:00Z"); // 10:00 in Shanghai

describe("back-off", () => {
  it.each([[0, 500], [1, 1000], [3, 4000], [6, 30_000], [60, 30_000]])("attempt %i waits at most %i ms", (attempt, most) => {
    expect(backoffMs(attempt, 0)).toBe(0);
    expect(backoffMs(attempt, 0.5)).toBe(most / 2);
    expect(backoffMs(attempt, 0.999_999)).toBeLessThanOrEqual(most);
  });
});

describe("event log", () => {
  const event = (seq: number) => ({ seq }) as ChatEvent;
  const seqs = (events: ChatEvent[]) => events.map(({ seq }) => seq);

  it("drops what it has, holds what is early, releases in order", () => {
    const log = new EventLog();
    expect(seqs(log.accept(event(1)))).toEqual([1]);
    expect(seqs(log.accept(event(1)))).toEqual([]);
    expect(seqs(log.accept(event(3)))).toEqual([]);
    expect(log.hasGap).toBe(true);
    expect(log.cursor).toBe(1);
    expect(seqs(log.accept(event(2)))).toEqual([2, 3]);
    expect(log.hasGap).toBe(false);
  });

  it("knows of a hole at the end from an acknowledgement", () => {
    const log = new EventLog(4);
    log.expect(5);
    expect(log.hasGap).toBe(true);
  });
});

describe("money", () => {
  it.each([[0, "¥0.00"], [5, "¥0.05"], [39900, "¥399.00"], [1299900, "¥12,999.00"], [123456789, "¥1,234,567.89"], [-50, "-¥0.50"]])(
    "%i fen is %s", (fen, words) => expect(formatFen(fen)).toBe(words),
  );
});

describe("times in Shanghai", () => {
  it.each([
    ["2026-11-22T01:05:00Z", "09:05"],
    ["2026-11-21T10:20:00Z", "昨天 18:20"],
    ["2026-11-21T15:59:59Z", "昨天 23:59"],
    ["2026-11-21T16:00:00Z", "00:00"],
    ["2026-11-03T10:20:00Z", "11月3日 18:20"],
    ["2025-12-31T16:00:00Z", "1月1日 00:00"],
    ["2025-12-31T15:59:00Z", "2025年12月31日 23:59"],
  ])("%s reads %s", (iso, words) => expect(formatMoment(iso, now, t)).toBe(words));

  it("names days", () => {
    expect(formatDay("2026-11-21T16:00:00Z", now, t)).toBe("今天");
    expect(formatDay("2026-11-21T15:00:00Z", now, t)).toBe("昨天");
    expect(formatDay("2026-11-03T00:00:00Z", now, t)).toBe("11月3日 星期二");
    expect(sameDay("2026-11-21T15:59:00Z", "2026-11-21T16:00:00Z")).toBe(false);
    expect(sameDay("2026-11-21T16:00:00Z", "2026-11-22T15:59:00Z")).toBe(true);
    expect(formatClock("2026-11-21T15:59:00Z")).toBe("23:59");
  });

  it.each([[0, "不到 1 分钟"], [59, "不到 1 分钟"], [60, "约 1 分钟"], [61, "约 2 分钟"]])("%i s of waiting: %s", (seconds, words) =>
    expect(formatWait(seconds, t)).toBe(words),
  );
});

describe("links", () => {
  it.each([
    ["没有链接", ["没有链接"], []],
    ["看https://example.com/a?b=1。谢谢", ["看", "https://example.com/a?b=1", "。谢谢"], ["https://example.com/a?b=1"]],
    ["（http://example.com/x）", ["（", "http://example.com/x", "）"], ["http://example.com/x"]],
    ["https://example.com.", ["https://example.com", "."], ["https://example.com"]],
    ["javascript:alert(1) data:text/html,x", ["javascript:alert(1) data:text/html,x"], []],
    ["<a href=\"https://example.com\">", ["<a href=\"", "https://example.com", "\">"], ["https://example.com"]],
  ])("%s", (text, pieces, addresses) => {
    const parts = splitLinks(text);
    expect(parts.map((part) => part.text)).toEqual(pieces);
    expect(parts.flatMap((part) => part.href ?? [])).toEqual(addresses);
    expect(parts.map((part) => part.text).join("")).toBe(text);
  });
});

describe("languages", () => {
  const keysOf = (messages: Messages, path = ""): string[] =>
    Object.entries(messages).flatMap(([key, value]) =>
      typeof value === "string" ? [`${path}${key}`] : keysOf(value, `${path}${key}.`),
    );
  const holes = (text: string) => Array.from(text.matchAll(/\{(\w+)\}/g), (match) => match[1]).sort();

  it.each(LOCALES)("%s has every word with the same places to fill", async (locale) => {
    const chinese = await loadMessages("zh-CN");
    const messages = await loadMessages(locale);
    expect(keysOf(messages).sort()).toEqual(keysOf(chinese).sort());
    const speak = createTranslate(messages);
    for (const key of keysOf(chinese)) {
      expect(speak(key), key).not.toBe("");
      // A date may leave out the week's day or the like, but may not ask for what it is never given.
      expect(holes(t(key)), key).toEqual(expect.arrayContaining(holes(speak(key))));
    }
  });

  it("matches what browsers and shops ask for", () => {
    expect(["zh-CN", "zh", "zh-HK", "zh-Hant-TW", "en-GB", "fr", undefined].map(matchLocale)).toEqual([
      "zh-CN", "zh-CN", "zh-TW", "zh-TW", "en", "zh-CN", "zh-CN",
    ]);
  });

  it("fills in values and shows a missing key as it is", () => {
    const speak = createTranslate({ a: { b: "{name}，{name}！{rest}" } });
    expect(speak("a.b", { name: "李" })).toBe("李，李！{rest}");
    expect(speak("a.c")).toBe("a.c");
    expect(hasMessage({ a: { b: "x" } }, "a")).toBe(false);
  });
});
