/** Reports and the wall: tables, addresses, and CSV that no spreadsheet runs. */

import { describe, expect, it } from "vitest";
import type { Report } from "../src/contract/insight";
import { toCsv } from "../src/rules/csv";
import { chartsOf, dayBefore, duration, percent } from "../src/rules/report";
import { figureQuery, titleParts } from "../src/rules/wall";

const words = { t: (key: string): string => key, label: (_family: string, value: string): string => value };

const REPORT: Report = {
  from: "2026-11-21",
  to: "2026-11-22",
  totals: { sessions: 3, messages: 6, bot_only: 2, handed_over: 1, containment: 0.6667, handoffs: 1 },
  by_day: [
    { day: "2026-11-21", bot_only: 1, handed_over: 0 },
    { day: "2026-11-22", bot_only: 1, handed_over: 1 },
  ],
  by_hour: [{ hour: 9, bot_only: 2, handed_over: 1 }],
  reasons: [{ code: "anger", count: 1, share: 1 }],
  groups: [{ group: "orders", count: 1, share: 1 }],
  first_response: { count: 1, unanswered: 0, p50: 9, p90: 9, distribution: [{ up_to_seconds: 15, count: 1 }, { up_to_seconds: null, count: 0 }] },
  resolution: { outcomes: [{ outcome: "solved", count: 1, share: 1 }], solved_share: 1, handling_p50: 60, handling_p90: 60 },
  satisfaction: { count: 0, average: null, satisfied_share: null, answered_share: 0, scores: [{ score: 5, count: 0 }] },
};

describe("CSV", () => {
  it.each(["=1+1", "+86", "-2", "@sum", "\tx", "\r=x"])("keeps %j from being a formula", (value) => {
    expect(toCsv(["a"], [[value]]).split("\r\n").slice(1).join("\r\n")).toMatch(/^"'/);
  });

  it("quotes what has commas, quotes or lines, and leaves numbers alone", () => {
    expect(toCsv(["日期", "数"], [['a,"b"', 3], [null, -1]])).toBe('\uFEFF日期,数\r\n"a,""b""",3\r\n,-1\r\n');
  });
});

describe("report", () => {
  const charts = chartsOf(REPORT, words);

  it("says in each table what its chart draws", () => {
    for (const { series, rows, head, labels } of charts) {
      expect(rows).toHaveLength(labels.length);
      expect(rows.every((row) => row.length === head.length)).toBe(true);
      series.forEach((one, at) => expect(rows.map((row) => row[at + 1])).toEqual(one.values));
    }
    expect(charts[0]?.rows[1]).toEqual(["11-22", 1, 1, 2]);
  });

  it.each([[null, "—"], [9, "0:09"], [95, "1:35"], [4000, "1:06:40"]])("writes %s seconds", (value, text) => expect(duration(value)).toBe(text));

  it("writes shares", () => expect([percent(0.6667), percent(null)]).toEqual(["66.7%", "—"]));

  it("takes the shop's days, not the browser's", () => {
    const late = Date.parse("2026-11-22T16:30:00Z"); // half past midnight in Shanghai
    expect([dayBefore(late, 0), dayBefore(late, 1)]).toEqual(["2026-11-23", "2026-11-22"]);
  });
});

describe("figures of the wall", () => {
  it("are addresses", () => {
    expect(figureQuery({ state: "queued", group: "orders", x: "y", family: ["a"], agent: "" })).toEqual({ state: "queued", group: "orders" });
    expect(titleParts({ clock: "reply", clock_state: "late" })).toEqual([
      { family: "wall_clock", value: "reply" },
      { family: "wall_clock_state", value: "late" },
    ]);
  });
});
