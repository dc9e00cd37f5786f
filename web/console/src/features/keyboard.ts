/** Listens for the keys of the workplace. */

import { onBeforeUnmount, onMounted } from "vue";
import { commandFor, type Command } from "../rules/keys";

export function useKeyboard(run: (command: Command) => void): void {
  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.repeat) return;
    const command = commandFor({
      code: event.code,
      key: event.key,
      altKey: event.altKey,
      ctrlKey: event.ctrlKey,
      metaKey: event.metaKey,
      shiftKey: event.shiftKey,
      isComposing: event.isComposing,
      keyCode: event.keyCode,
      typing: isTypedInto(event.target),
      dialogOpen: document.querySelector("dialog[open]") !== null,
    });
    if (!command) return;
    event.preventDefault();
    run(command);
  }
  onMounted(() => window.addEventListener("keydown", onKey));
  onBeforeUnmount(() => window.removeEventListener("keydown", onKey));
}

function isTypedInto(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])"))
  );
}
