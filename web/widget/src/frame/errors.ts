/** Words for the desk's error codes. */

import type { Translate } from "@baton/shared";

/** The key of the words for `code`, or of the general words when there are none for it. */
export function errorKey(code: string | null, t: Translate): string {
  const key = `error.${code ?? "unknown"}`;
  return t(key) === key ? "error.unknown" : key;
}
