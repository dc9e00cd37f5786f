/** The words around files. They come with the file components, not with the first load. */

import { matchLocale } from "../i18n";
import { createTranslate, hasMessage, useTranslate, type Translate } from "../i18n/translate";
import words from "../locales/files.json";

/** Translates `files.json`; follows the application's language. */
export function useFileWords(): Translate {
  const t = useTranslate();
  return (key, values) => {
    t("who.you"); // the application's translator is what tells Vue that the language changed
    const messages = words[matchLocale(document.documentElement.lang)];
    const known = hasMessage(messages, key) ? key : key.startsWith("error.") ? "error.unknown" : key;
    return createTranslate(messages)(known, values);
  };
}
