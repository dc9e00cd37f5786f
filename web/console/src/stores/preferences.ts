/** What an agent has set for this browser: appearance, language, sound. */

import { applyTheme, type Theme } from "@baton/shared";
import { defineStore } from "pinia";
import { ref, watch } from "vue";
import { consoleLocale, setLocale, type ConsoleLocale } from "../i18n";
import { readJson, writeJson } from "./storage";

const KEY = "baton.console.preferences";
const THEMES: readonly Theme[] = ["auto", "light", "dark"];

interface Stored {
  theme?: Theme;
  locale?: string;
  sound?: boolean;
}

export const usePreferences = defineStore("preferences", () => {
  const stored = (readJson(localStorage, KEY) ?? {}) as Stored;
  const theme = ref<Theme>(stored.theme && THEMES.includes(stored.theme) ? stored.theme : "auto");
  const locale = ref<ConsoleLocale>(consoleLocale(stored.locale ?? null));
  const sound = ref(stored.sound ?? true);
  let stopTheme: () => void = () => undefined;

  function save(): void {
    writeJson(localStorage, KEY, { theme: theme.value, locale: locale.value, sound: sound.value });
  }

  /** Applies everything now and whenever it changes. */
  async function apply(): Promise<void> {
    watch(
      theme,
      (wanted) => {
        stopTheme();
        stopTheme = applyTheme(wanted);
      },
      { immediate: true },
    );
    watch(locale, (wanted) => void setLocale(wanted));
    watch([theme, locale, sound], save);
    await setLocale(locale.value);
  }

  return { theme, locale, sound, apply };
});
