/** Words that travel with the part that says them, so that the first load need not carry them. */

import { matchLocale, type Locale } from ".";
import { createTranslate, useTranslate, type Messages, type Translate } from "./translate";

/** Translates `words`; follows the application's language. */
export function useWords(words: Record<Locale, Messages>): Translate {
  const t = useTranslate();
  return (key, values) => {
    t("who.you"); // the application's translator is what tells Vue that the language changed
    return createTranslate(words[matchLocale(document.documentElement.lang)])(key, values);
  };
}
