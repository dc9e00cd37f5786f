/**
 * Words by key. The widget uses this small translator (vue-i18n alone would take a third of its size budget);
 * the console hands vue-i18n's `t` to the shared components. Both read the same files, in the same syntax.
 */

import { inject, type InjectionKey } from "vue";

export type Translate = (key: string, values?: Record<string, string | number>) => string;
export interface Messages {
  [key: string]: string | Messages;
}

/** An unknown key comes back as it is, so that a hole is seen and nothing breaks. */
export function createTranslate(messages: Messages): Translate {
  return (key, values = {}) => {
    const found = lookUp(messages, key);
    if (found === null) return key;
    return found.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
  };
}

/** Whether there are words for this key. */
export function hasMessage(messages: Messages, key: string): boolean {
  return lookUp(messages, key) !== null;
}

function lookUp(messages: Messages, key: string): string | null {
  let node: string | Messages | undefined = messages;
  for (const part of key.split(".")) {
    if (typeof node !== "object") return null;
    node = node[part];
  }
  return typeof node === "string" ? node : null;
}

export const TRANSLATE: InjectionKey<Translate> = Symbol("translate");

/** The translator that the application provided; shared components cannot do without one. */
export function useTranslate(): Translate {
  const translate = inject(TRANSLATE);
  if (translate === undefined) throw new Error("provide(TRANSLATE, t) is missing in this application");
  return translate;
}
