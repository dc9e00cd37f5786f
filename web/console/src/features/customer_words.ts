/** The words of the customer view, in one piece with its components: none of it belongs to the first load. */

import { createTranslate, formatFen, hasMessage, type Messages, type Translate } from "@baton/shared";
import { useI18n } from "vue-i18n";
import { ApiError } from "../api/http";
import { useProblem } from "../composables";
import type { ConsoleLocale } from "../i18n";
import words from "../locales/customer.json";

export interface CustomerWords {
  t: Translate;
  /** what is put into a reply: customers are answered in Chinese, whatever language the agent works in */
  say: Translate;
  /** the words for a code, or the code itself */
  label: (family: string, code: string | null | undefined) => string;
  /** the words for something that failed */
  problem: (error: unknown) => string;
}

/** Follows the application's language. */
export function useCustomerWords(): CustomerWords {
  const { locale } = useI18n();
  const problem = useProblem();
  const messages = (): Messages => words[locale.value as ConsoleLocale];
  const t: Translate = (key, values) => createTranslate(messages())(key, values);
  const say: Translate = (key, values) => createTranslate(words[locale.value === "zh-TW" ? "zh-TW" : "zh-CN"])(key, values);
  const label = (family: string, code: string | null | undefined): string => {
    if (!code) return "";
    return hasMessage(messages(), `${family}.${code}`) ? t(`${family}.${code}`) : code;
  };

  function ofShop(error: ApiError): string | null {
    const { amount_fen: amount, limit_fen: limit, left_fen: left, reason } = error.details;
    if (error.code === "over_authority" && [amount, limit, left].every((fen) => typeof fen === "number")) {
      return t("fail.over", { amount: formatFen(amount as number), limit: formatFen(limit as number), left: formatFen(left as number) });
    }
    if (error.code === "action_not_allowed") return t("fail.not_allowed");
    if (error.code !== "shop_refused" || typeof reason !== "string") return null;
    return hasMessage(messages(), `fail.why.${reason}`) ? t("fail.refused", { why: t(`fail.why.${reason}`) }) : null;
  }

  return { t, say, label, problem: (error) => (error instanceof ApiError && ofShop(error)) || problem.of(error) };
}
