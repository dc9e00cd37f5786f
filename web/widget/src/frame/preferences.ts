/** What this browser was asked to remember about the chat: sound and the size of the letters. */

import { safeStorage } from "./bridge";

const KEYS = { size: "baton.size", sound: "baton.sound" };
const store = safeStorage("localStorage");

export function isLarge(): boolean {
  return store?.getItem(KEYS.size) === "large";
}

/** Large letters for the whole chat, now and from now on. */
export function setLarge(large: boolean): void {
  if (large) store?.setItem(KEYS.size, "large");
  else store?.removeItem(KEYS.size);
  applySize(large);
}

export function applySize(large = isLarge()): void {
  document.documentElement.dataset["size"] = large ? "large" : "";
}

export function isQuiet(): boolean {
  return store?.getItem(KEYS.sound) === "off";
}

export function setQuiet(quiet: boolean): void {
  if (quiet) store?.setItem(KEYS.sound, "off");
  else store?.removeItem(KEYS.sound);
}
