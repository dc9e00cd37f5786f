/** Reads what the socket carries; a frame that is not what it says it is counts as nothing. */

import type { ChatEvent, Frame } from "@baton/shared";

/** The event inside an `event` frame, or null when it has no conversation or sequence number. */
export function chatEventOf(frame: Frame): ChatEvent | null {
  const event = frame.event as Partial<ChatEvent> | undefined;
  if (typeof event !== "object" || event === null) return null;
  if (typeof event.conversation !== "string" || !Number.isInteger(event.seq)) return null;
  return event as ChatEvent;
}
