/** The words of cards. They come with the cards, not with the first load; times and dates are the application's. */

import { useTranslate, type Translate } from "../i18n/translate";
import { useWords } from "../i18n/words";
import words from "../locales/cards.json";

/** Translates `card.…` by `cards.json` and everything else like the application; follows its language. */
export function useCardWords(): Translate {
  const t = useTranslate();
  const own = useWords(words);
  return (key, values) => (key.startsWith("card.") ? own : t)(key, values);
}
