/** Private notes: once each, at their place in the conversation, and only offered to those who may write one. */

import { sameDay } from "@baton/shared";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Agent } from "../src/contract/desk";
import type { PrivateNote } from "../src/contract/private_notes";
import { mayWriteNote, withNote } from "../src/rules/private_notes";
import { timelineRows } from "../src/rules/timeline";
import { usePrivateNotes } from "../src/stores/private_notes";
import { handoff, message, provideCalls } from "./helpers";

function note(id: string, afterSeq: number, over: Partial<PrivateNote> = {}): PrivateNote {
  return {
    note_id: id,
    conversation_id: "c_1",
    client_id: id,
    after_seq: afterSeq,
    agent: { agent_id: "a_1", display_name: "小周" },
    text: "客户着急",
    at: `2026-11-22T02:00:0${id.slice(-1)}Z`,
    ...over,
  };
}

const AGENT: Agent = { agent_id: "a_1", username: "zhou", display_name: "小周", role: "agent", groups: ["orders"], capacity: 3 };

describe("private notes", () => {
  it("stand behind the event that was the newest when they were written", () => {
    const rows = timelineRows([message(1), message(2)], [], sameDay, [note("n1", 0), note("n2", 1), note("n3", 9)]);
    expect(rows.filter((row) => row.kind !== "day").map((row) => row.key)).toEqual(["n1", "m_1", "n2", "m_2", "n3"]);
  });

  it("are kept once, in the order of writing", () => {
    const [first, second] = [note("n1", 1), note("n2", 1)];
    expect(withNote(withNote([second], first), first).map((one) => one.note_id)).toEqual(["n1", "n2"]);
  });

  it("are written by the owner, the group and supervisors", () => {
    const row = handoff("h_1", { skill_group: "logistics" });
    const mine = handoff("h_1", { agent: { agent_id: "a_1", display_name: "小周" } });
    expect(mayWriteNote(AGENT, row, false)).toBe(false);
    expect(mayWriteNote({ ...AGENT, groups: ["logistics"] }, row, false)).toBe(true);
    expect(mayWriteNote(AGENT, mine, false)).toBe(true);
    expect(mayWriteNote(AGENT, null, true)).toBe(true);
    expect(mayWriteNote(null, mine, true)).toBe(false);
  });
});

describe("writing a note", () => {
  beforeEach(() => setActivePinia(createPinia()));

  it("keeps its id when the first try was not answered", async () => {
    const writePrivateNote = vi.fn().mockRejectedValueOnce(new Error("cut")).mockResolvedValueOnce(note("n1", 1));
    provideCalls({ writePrivateNote });
    const notes = usePrivateNotes();
    await expect(notes.write("c_1", "客户着急")).rejects.toThrow("cut");
    await notes.write("c_1", "客户着急");
    const [first, second] = writePrivateNote.mock.calls;
    expect(first?.[1]).toBe(second?.[1]);
    expect(notes.of("c_1")).toHaveLength(1);
  });
});
