/** The picker behind "/", gaps, and the wording check held against the bot's own answers. */

import { readFileSync } from "node:fs";
import type { EmotionFamily } from "@baton/shared";
import { describe, expect, it } from "vitest";
import type { CannedAnswer, WordingRule } from "../src/contract/assist";
import { filterCanned, insertCanned, slashAt } from "../src/rules/canned";
import { compileRules, firstGap, hintsOf, violations } from "../src/rules/wording";

interface Kept {
  rules: WordingRule[];
  cases: { text: string; emotion: EmotionFamily; found: [string, number, number][] }[];
}

const KEPT = JSON.parse(readFileSync(`${process.cwd()}/../../contracts/examples/wording_checks.json`, "utf8")) as Kept;
const RULES = compileRules(KEPT.rules);

/** The examples count characters; here a text counts UTF-16 units. */
const place = (text: string, unit: number): number => [...text.slice(0, unit)].length;

describe("wording check", () => {
  it("reads every rule", () => expect(RULES).toHaveLength(KEPT.rules.length));

  it.each(KEPT.cases)("finds what the bot's check finds in 「$text」", ({ text, emotion, found }) => {
    const here = violations(text, RULES, emotion);
    expect(here.map((one) => [one.rule.id, place(text, one.start), place(text, one.end)])).toEqual(found);
  });

  it("shows each rule once, those that block first", () => {
    const hints = hintsOf(violations("可能明天到，大概吧，我保证，绝对。", RULES, "neutral"));
    expect(hints.map((hint) => hint.rule.level)).toEqual([...hints.map((hint) => hint.rule.level)].sort());
    expect(hints[0]).toMatchObject({ found: "保证", rule: { level: "block" } });
    expect(new Set(hints.map((hint) => hint.rule.id)).size).toBe(hints.length);
  });

  it("leaves out a rule that cannot be read here", () => {
    expect(compileRules([{ ...KEPT.rules[0]!, pattern: "(" }, KEPT.rules[1]!])).toHaveLength(1);
  });
});

const ANSWER: CannedAnswer = {
  suggested: ["c", "a"],
  steps: [],
  responses: [
    { id: "a", title: "退款进度", topic: "售后", initials: "tkjd", text: "退款已经在办", gaps: [] },
    { id: "b", title: "发票重开", topic: "发票", initials: "fpzk", text: "把抬头发我", gaps: [] },
    { id: "c", title: "晚到·说明", topic: "物流", initials: "wdsm", text: "新的送达时间", gaps: [] },
    { id: "d", title: "退款已提交", topic: "售后", initials: "tkytj", text: "原路退回", gaps: [] },
  ],
};
const ids = (query: string): string[] => filterCanned(ANSWER, query).map((one) => one.id);

describe("picker", () => {
  it.each([
    ["/", 1, { start: 0, query: "" }],
    ["/tk", 3, { start: 0, query: "tk" }],
    ["您好 /退", 5, { start: 3, query: "退" }],
    ["第一行\n/fp", 7, { start: 4, query: "fp" }],
    ["https://a", 9, null],
    ["1/2", 3, null],
    ["/tk 好", 5, null],
    ["/tk", 0, null],
  ])("of %j at %d", (text, caret, expected) => expect(slashAt(text, caret)).toEqual(expected));

  it("lists the suggested ones first", () => expect(ids("")).toEqual(["c", "a", "b", "d"]));

  it.each([["tk", ["a", "d"]], ["TKY", ["d"]], ["jd", ["a"]], ["发票", ["b"]], ["物流", ["c"]], ["抬头", ["b"]], ["zzz", []]])(
    "finds %s",
    (query, expected) => expect(ids(query)).toEqual(expected),
  );

  it("puts the words where the slash stood", () => {
    const text = "您好 /tk。再见";
    expect(insertCanned(text, { start: 3, query: "tk" }, "退款在办")).toEqual({ text: "您好 退款在办。再见", caret: 7 });
  });

  it("finds the gap to fill", () => {
    expect(firstGap("退 【金额】 元，【几点】 前")).toEqual([2, 6]);
    expect(firstGap("退 【金额】 元，【几点】 前", 6)).toEqual([9, 13]);
    expect(firstGap("没有空")).toBeNull();
  });
});
