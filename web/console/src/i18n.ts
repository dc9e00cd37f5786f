/** Languages of the console: its own words together with the shared ones. */

import { createI18n } from "vue-i18n";
import zhShared from "@baton/shared/locales/zh-CN";
import zhOwn from "./locales/zh-CN.json";

export const CONSOLE_LOCALES = ["zh-CN", "zh-TW", "en"] as const;
export type ConsoleLocale = (typeof CONSOLE_LOCALES)[number];

const chinese = { ...zhShared, ...zhOwn };
const loaded = new Set<ConsoleLocale>(["zh-CN"]);

export const i18n = createI18n({
  legacy: false,
  locale: "zh-CN",
  fallbackLocale: "zh-CN",
  // The others stand in Simplified Chinese until they have been fetched.
  messages: { "zh-CN": chinese, "zh-TW": chinese, en: chinese },
});

const FETCHED = {
  "zh-TW": () => Promise.all([import("@baton/shared/locales/zh-TW"), import("./locales/zh-TW.json")]),
  en: () => Promise.all([import("@baton/shared/locales/en"), import("./locales/en.json")]),
};

/** "en-GB" -> "en", "zh-HK" and "zh-Hant" -> "zh-TW", everything else -> "zh-CN". */
export function consoleLocale(wanted: string | null): ConsoleLocale {
  const tag = wanted?.toLowerCase() ?? "";
  if (tag.startsWith("en")) return "en";
  return /^zh-(?:tw|hk|mo|hant)/.test(tag) ? "zh-TW" : "zh-CN";
}

/** Switches the language; what is not Simplified Chinese is fetched when it is asked for the first time. */
export async function setLocale(locale: ConsoleLocale): Promise<void> {
  if (locale !== "zh-CN" && !loaded.has(locale)) {
    const [shared, own] = await FETCHED[locale]();
    i18n.global.setLocaleMessage(locale, { ...shared.default, ...own.default } as typeof chinese);
    loaded.add(locale);
  }
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
}
