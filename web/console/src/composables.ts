/** Small helpers that components share: words for errors, copying, formats bound to language and clock. */

import { formatDate, formatDay, formatMoment, type Translate } from "@baton/shared";
import { computed, ref } from "vue";
import { useI18n } from "vue-i18n";
import { ApiError } from "./api/http";
import { useClock } from "./stores/clock";

/** Words for a thrown error or for a bare code: ours, else the desk's own, else its code. */
export function useProblem() {
  const { t, te } = useI18n();
  function ofCode(code: string, message = ""): string {
    const key = `problem.${code}`;
    if (te(key)) return t(key);
    return message || t("problem.unknown", { code });
  }
  return {
    ofCode,
    of: (error: unknown): string =>
      error instanceof ApiError
        ? ofCode(error.code, error.message)
        : t("problem.unknown", { code: String(error) }),
  };
}

/** `label("tier", "gold")` -> 金卡; a value of a later version comes back as it is. */
export function useLabel() {
  const { t, te } = useI18n();
  return (family: string, value: string | null | undefined): string => {
    if (!value) return "";
    const key = `${family}.${value}`;
    return te(key) ? t(key) : value;
  };
}

/** Dates in the agent's language, renewed with the minute (not with every tick of the clock). */
export function useTimes() {
  const { t } = useI18n();
  const clock = useClock();
  const minute = computed(() => Math.floor(clock.nowMs / 60_000));
  const now = computed(() => new Date(minute.value * 60_000 + 59_999));
  const translate: Translate = (key, values) => t(key, values ?? {});
  return {
    now,
    date: (iso: string): string => formatDate(iso, now.value, translate),
    day: (iso: string): string => formatDay(iso, now.value, translate),
    moment: (iso: string): string => formatMoment(iso, now.value, translate),
  };
}

/** Copies text; `copied` is true for two seconds after it worked, `failed` when the browser refused. */
export function useCopy() {
  const copied = ref(false);
  const failed = ref(false);
  async function copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      failed.value = false;
      copied.value = true;
      setTimeout(() => (copied.value = false), 2000);
    } catch {
      failed.value = true; // the text stays selectable by hand
    }
  }
  return { copied, failed, copy };
}
