/** Which key does what. Keys are matched by place on the keyboard (`code`), so that layouts and input methods do not matter. */

export type Command = "accept" | "decline" | "next" | "previous" | "claim" | "reply" | "note" | "resolve" | "transfer" | "handback" | "undo" | "search" | "help";

export interface KeyPress {
  code: string;
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  isComposing: boolean;
  keyCode: number;
  /** the focus is in something one types into */
  typing: boolean;
  /** the focus is on a button or the like, which Enter presses */
  onControl: boolean;
  /** a dialog is open: it owns the keyboard */
  dialogOpen: boolean;
}

export interface KeyBinding {
  command: Command;
  /** pressed alone, while not typing */
  code: string;
  /** pressed with Alt, also while typing */
  altCode: string;
}

export const KEY_BINDINGS: readonly KeyBinding[] = [
  { command: "accept", code: "Enter", altCode: "Enter" },
  { command: "decline", code: "KeyX", altCode: "KeyX" },
  { command: "next", code: "KeyJ", altCode: "ArrowDown" },
  { command: "previous", code: "KeyK", altCode: "ArrowUp" },
  { command: "claim", code: "KeyC", altCode: "KeyC" },
  { command: "reply", code: "KeyR", altCode: "KeyR" },
  { command: "note", code: "KeyN", altCode: "KeyN" },
  { command: "resolve", code: "KeyE", altCode: "KeyE" },
  { command: "transfer", code: "KeyT", altCode: "KeyT" },
  { command: "handback", code: "KeyB", altCode: "KeyB" },
  { command: "undo", code: "KeyZ", altCode: "KeyZ" },
];

/** what the key of the slash writes, with a Chinese input method too */
const SEARCH_KEYS: ReadonlySet<string> = new Set(["/", "／", "、"]);

/** The command a key press asks for, or null. */
export function commandFor(press: KeyPress): Command | null {
  if (isComposing(press) || press.dialogOpen) return null;
  if (press.ctrlKey || press.metaKey) return press.code === "KeyK" && !press.altKey && !press.shiftKey ? "search" : null;
  if (press.altKey) {
    if (press.shiftKey) return null;
    return KEY_BINDINGS.find((binding) => binding.altCode === press.code)?.command ?? null;
  }
  if (press.typing) return null;
  if (SEARCH_KEYS.has(press.key)) return "search";
  if (press.key === "?" || press.key === "？" || (press.code === "Slash" && press.shiftKey)) return "help";
  if (press.shiftKey || (press.code === "Enter" && press.onControl)) return null;
  return KEY_BINDINGS.find((binding) => binding.code === press.code)?.command ?? null;
}

/** Whether an input method is at work: keyCode 229 is what Safari sends for the Enter that ends a composition. */
export function isComposing(press: Pick<KeyPress, "isComposing" | "keyCode">): boolean {
  return press.isComposing || press.keyCode === 229;
}

/** Whether Enter in the composer sends: never with Shift, never while an input method composes. */
export function sendsMessage(press: Pick<KeyPress, "key" | "shiftKey" | "isComposing" | "keyCode">): boolean {
  return press.key === "Enter" && !press.shiftKey && !isComposing(press);
}
