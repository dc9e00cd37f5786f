/** What was typed and not yet sent, per agent and conversation; survives switching, reloading and signing out. */

import { defineStore } from "pinia";
import { ref } from "vue";
import { readJson, writeJson } from "./storage";

const KEEP_MS = 7 * 24 * 3600 * 1000;

interface Draft {
  text: string;
  atMs: number;
}

export const useDrafts = defineStore("drafts", () => {
  const drafts = ref<Record<string, Draft>>({});
  let key: string | null = null;

  /** Loads the drafts of one agent; old ones are let go. */
  function open(agentId: string, nowMs: number): void {
    key = `baton.console.drafts.${agentId}`;
    const stored = readJson(localStorage, key);
    drafts.value = Object.fromEntries(
      Object.entries(isRecord(stored) ? stored : {}).filter(
        (entry): entry is [string, Draft] => isDraft(entry[1]) && nowMs - entry[1].atMs < KEEP_MS,
      ),
    );
  }

  function textOf(conversationId: string): string {
    return drafts.value[conversationId]?.text ?? "";
  }

  function set(conversationId: string, text: string, nowMs: number): void {
    if (text === "") delete drafts.value[conversationId];
    else drafts.value[conversationId] = { text, atMs: nowMs };
    if (key) writeJson(localStorage, key, drafts.value);
  }

  /** Puts words at the end of what is already there, never in its place. */
  function append(conversationId: string, words: string, nowMs: number): void {
    const before = textOf(conversationId);
    const separator = before === "" || before.endsWith("\n") ? "" : "\n";
    set(conversationId, before + separator + words, nowMs);
  }

  return { drafts, open, textOf, set, append };
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDraft(value: unknown): value is Draft {
  return isRecord(value) && typeof value.text === "string" && typeof value.atMs === "number";
}
