/** The words around files. They come with the file components, not with the first load. */

import { hasMessage, type Translate } from "../i18n/translate";
import { useWords } from "../i18n/words";
import words from "../locales/files.json";

/** Translates `files.json`; follows the application's language. */
export function useFileWords(): Translate {
  const t = useWords(words);
  const known = (key: string) => hasMessage(words["zh-CN"], key) || !key.startsWith("error.");
  return (key, values) => t(known(key) ? key : "error.unknown", values);
}
