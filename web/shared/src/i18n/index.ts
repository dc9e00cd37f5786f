/** Which languages there are, and how to load one. */

import type { Messages } from "./translate";
import zhCN from "../locales/zh-CN.json";

export const LOCALES = ["zh-CN", "zh-TW", "en"] as const;
export type Locale = (typeof LOCALES)[number];

/** "zh-HK" -> "zh-TW", "en-GB" -> "en", everything else -> "zh-CN". */
export function matchLocale(wanted: string | null | undefined): Locale {
  const tag = (wanted ?? "").toLowerCase();
  if (/^zh-(tw|hk|mo|hant)/.test(tag)) return "zh-TW";
  if (tag.startsWith("en")) return "en";
  return "zh-CN";
}

/** Simplified Chinese comes with the program, the others are fetched when asked for. */
export async function loadMessages(locale: Locale): Promise<Messages> {
  if (locale === "zh-TW") return (await import("../locales/zh-TW.json")).default;
  if (locale === "en") return (await import("../locales/en.json")).default;
  return zhCN;
}
