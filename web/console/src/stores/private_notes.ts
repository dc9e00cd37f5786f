/** Private notes by conversation: read when one is opened and after every reconnection, then kept true by the socket. */

import { newClientId, type Frame } from "@baton/shared";
import { defineStore } from "pinia";
import { shallowReactive } from "vue";
import { useDesk } from "../api/provide";
import type { PrivateNote } from "../contract/private_notes";
import { withNote } from "../rules/private_notes";
import { useLink } from "./link";

const NONE: readonly PrivateNote[] = [];

export const usePrivateNotes = defineStore("privateNotes", () => {
  const desk = useDesk();
  const link = useLink();
  const notes = shallowReactive(new Map<string, readonly PrivateNote[]>());
  /** the id of a note that is being written, kept until the desk has it: a second try is no second note */
  const pending = new Map<string, { text: string; clientId: string }>();
  let shown: string | null = null;

  link.listen({
    onReady: () => void (shown && read(shown)),
    onFrame: (frame: Frame) => {
      if (frame.type === "private_note") take(frame.note as PrivateNote);
    },
  });

  function of(conversationId: string): readonly PrivateNote[] {
    return notes.get(conversationId) ?? NONE;
  }

  /** Shows the notes of this conversation from now on. */
  function show(conversationId: string | null): void {
    shown = conversationId;
    if (conversationId) void read(conversationId);
  }

  async function read(conversationId: string): Promise<void> {
    try {
      notes.set(conversationId, (await desk.privateNotes(conversationId)).notes);
    } catch {
      // What was read before stays; the next connection or selection reads again.
    }
  }

  function take(note: PrivateNote): void {
    notes.set(note.conversation_id, withNote(of(note.conversation_id), note));
  }

  /** Throws ApiError; the same words sent again after a failure are stored once. */
  async function write(conversationId: string, text: string): Promise<void> {
    const known = pending.get(conversationId);
    const clientId = known?.text === text ? known.clientId : newClientId();
    pending.set(conversationId, { text, clientId });
    take(await desk.writePrivateNote(conversationId, clientId, text));
    pending.delete(conversationId);
  }

  return { notes, of, show, read, take, write };
});
