/** Times as people in China read them: always Asia/Shanghai (UTC+8, no summer time), whatever the device is set to. */

import type { Translate } from "../i18n/translate";

const SHANGHAI_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

interface Parts {
  year: number;
  month: number;
  day: number;
  weekday: number;
  clock: string;
  /** days since 1970 in Shanghai */
  dayNumber: number;
}

function parts(instant: Date): Parts {
  const shifted = new Date(instant.getTime() + SHANGHAI_OFFSET_MS);
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    weekday: shifted.getUTCDay(),
    clock: `${two(shifted.getUTCHours())}:${two(shifted.getUTCMinutes())}`,
    dayNumber: Math.floor(shifted.getTime() / DAY_MS),
  };
}

/** "18:20". `iso` is an ISO 8601 time. */
export function formatClock(iso: string): string {
  return parts(new Date(iso)).clock;
}

/** "11月3日", with the year when it is not this one. */
export function formatDate(iso: string, now: Date, t: Translate): string {
  const then = parts(new Date(iso));
  const key = then.year === parts(now).year ? "time.date" : "time.date_with_year";
  return t(key, { year: then.year, month: then.month, day: then.day });
}

/** "18:20" today, "昨天 18:20", "明天 08:00", "11月3日 18:20". */
export function formatMoment(iso: string, now: Date, t: Translate): string {
  const then = parts(new Date(iso));
  const daysAgo = parts(now).dayNumber - then.dayNumber;
  if (daysAgo === 0) return then.clock;
  if (daysAgo === 1) return t("time.yesterday_at", { clock: then.clock });
  if (daysAgo === -1) return t("time.tomorrow_at", { clock: then.clock });
  return t("time.date_at", { date: formatDate(iso, now, t), clock: then.clock });
}

/** The line between two days: "今天", "昨天", "11月3日 星期二". */
export function formatDay(iso: string, now: Date, t: Translate): string {
  const then = parts(new Date(iso));
  const daysAgo = parts(now).dayNumber - then.dayNumber;
  if (daysAgo === 0) return t("time.today");
  if (daysAgo === 1) return t("time.yesterday");
  return t("time.day", { date: formatDate(iso, now, t), weekday: t(`time.weekday.${then.weekday}`) });
}

/** Whether both instants fall on the same day in Shanghai. */
export function sameDay(first: string, second: string): boolean {
  return parts(new Date(first)).dayNumber === parts(new Date(second)).dayNumber;
}

/** A waiting time for a person: never a false precision. `seconds` >= 0. */
export function formatWait(seconds: number, t: Translate): string {
  if (seconds < 60) return t("time.within_a_minute");
  return t("time.about_minutes", { minutes: Math.ceil(seconds / 60) });
}
