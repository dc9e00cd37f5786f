/** Languages of the console: its own words together with the shared ones. */

import { createI18n } from "vue-i18n";
import zhShared from "@baton/shared/locales/zh-CN";
import zhOwn from "./locales/zh-CN.json";

export const CONSOLE_LOCALES = ["zh-CN", "en"] as const;
export type ConsoleLocale = (typeof CONSOLE_LOCALES)[number];

const chinese = { ...zhShared, ...zhOwn };
const loaded = new Set<ConsoleLocale>(["zh-CN"]);

export const i18n = createI18n({
  legacy: false,
  locale: "zh-CN",
  fallbackLocale: "zh-CN",
  // English stands in Chinese until it has been fetched.
  messages: { "zh-CN": chinese, en: chinese },
});

/** "en-GB" -> "en", everything else -> "zh-CN". */
export function consoleLocale(wanted: string | null): ConsoleLocale {
  return wanted?.toLowerCase().startsWith("en") ? "en" : "zh-CN";
}

/** Switches the language; English is fetched when it is asked for the first time. */
export async function setLocale(locale: ConsoleLocale): Promise<void> {
  if (!loaded.has(locale)) {
    const [shared, own] = await Promise.all([import("@baton/shared/locales/en"), import("./locales/en.json")]);
    i18n.global.setLocaleMessage("en", { ...shared.default, ...own.default });
    loaded.add(locale);
  }
  i18n.global.locale.value = locale;
  document.documentElement.lang = locale;
}
