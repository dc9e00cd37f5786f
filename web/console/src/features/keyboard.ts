/** Listens for the keys of the workplace. */

import { onBeforeUnmount, onMounted } from "vue";
import { commandFor, type Command } from "../rules/keys";

/** `run` returns false for a command that has nothing to do now: the key then does what it does anyway. */
export function useKeyboard(run: (command: Command) => boolean | void): void {
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
      onControl: isPressed(event.target),
      dialogOpen: document.querySelector("dialog[open]") !== null,
    });
    if (!command || run(command) === false) return;
    event.preventDefault();
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

/** What is selected already (a row of the list, a tab) has nothing left to press. */
function isPressed(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.matches("button, a[href], summary, input, [role=menuitem]") &&
    !target.matches('[aria-current="true"], [role=tab][aria-selected="true"]')
  );
}
