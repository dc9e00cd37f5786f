/** What a report shows: the charts as series and tables, and the days of a range. */

import type { Report } from "../contract/insight";
import type { Cell } from "./csv";

export interface ChartSpec {
  id: "by_day" | "by_hour" | "reasons" | "groups" | "first_response" | "outcomes" | "scores";
  /** what stands along the axis */
  labels: string[];
  series: { name: string; values: number[] }[];
  /** bars lie, because their names are long */
  lying: boolean;
  head: string[];
  rows: Cell[][];
}

export interface Words {
  t: (key: string, values?: Record<string, unknown>) => string;
  label: (family: string, value: string) => string;
}

/** 0.6667 -> 66.7 %; nothing to divide is a dash. */
export function percent(share: number | null): string {
  return share === null ? "—" : `${(share * 100).toFixed(1)}%`;
}

/** 95 -> 1:35, 4000 -> 1:06:40; a dash for nothing. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "—";
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, "0")}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

export function chartsOf(report: Report, words: Words): ChartSpec[] {
  const { t, label } = words;
  const volume = (id: "by_day" | "by_hour", labels: string[], list: { bot_only: number; handed_over: number }[]): ChartSpec => ({
    id,
    labels,
    lying: false,
    series: [
      { name: t("report.bot_only"), values: list.map((one) => one.bot_only) },
      { name: t("report.handed_over"), values: list.map((one) => one.handed_over) },
    ],
    head: [t(`report.axis_${id}`), t("report.bot_only"), t("report.handed_over"), t("report.total")],
    rows: list.map((one, index) => [labels[index] ?? "", one.bot_only, one.handed_over, one.bot_only + one.handed_over]),
  });
  const counts = (id: ChartSpec["id"], lying: boolean, list: { name: string; count: number; share?: number | null }[]): ChartSpec => ({
    id,
    labels: list.map((one) => one.name),
    lying,
    series: [{ name: t("report.count"), values: list.map((one) => one.count) }],
    head: [t(`report.axis_${id}`), t("report.count"), ...(list[0]?.share === undefined ? [] : [t("report.share")])],
    rows: list.map((one) => [one.name, one.count, ...(one.share === undefined ? [] : [percent(one.share)])]),
  });
  const outcome = (name: string): string => t(`report.ending_${name}`);
  return [
    volume("by_day", report.by_day.map((one) => one.day.slice(5)), report.by_day),
    volume("by_hour", report.by_hour.map((one) => `${String(one.hour).padStart(2, "0")}:00`), report.by_hour),
    counts("reasons", true, report.reasons.map((one) => ({ name: label("trigger", one.code), ...one }))),
    counts("groups", true, report.groups.map((one) => ({ name: label("group", one.group), ...one }))),
    counts("first_response", false, report.first_response.distribution.map((one, index, all) => ({ name: stepName(one.up_to_seconds, all[index - 1]?.up_to_seconds ?? null, t), count: one.count }))),
    counts("outcomes", true, report.resolution.outcomes.map((one) => ({ name: outcome(one.outcome), ...one }))),
    counts("scores", false, report.satisfaction.scores.map((one) => ({ name: t("report.stars", { count: one.score }), count: one.count }))),
  ];
}

function stepName(upTo: number | null, above: number | null, t: Words["t"]): string {
  const said = (seconds: number): string => (seconds < 60 ? t("report.seconds", { count: seconds }) : t("report.minutes", { count: seconds / 60 }));
  return upTo === null ? t("report.over", { time: said(above ?? 0) }) : t("report.within", { time: said(upTo) });
}

/** The day `days` before `nowMs` as the shop's calendar says it: 2026-11-22. */
export function dayBefore(nowMs: number, days: number, timeZone = "Asia/Shanghai"): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(new Date(nowMs - days * 86_400_000));
}
