/** Canned responses of the conversation in view, and the wording rules: read when they are first needed. */

import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { useDesk } from "../api/provide";
import type { CannedAnswer } from "../contract/assist";
import { compileRules, type CompiledRule } from "../rules/wording";

const NOTHING: CannedAnswer = { responses: [], suggested: [], steps: [] };

export const useAssist = defineStore("assist", () => {
  const desk = useDesk();
  const rules = shallowRef<CompiledRule[]>([]);
  const answer = shallowRef<{ conversationId: string; canned: CannedAnswer } | null>(null);
  /** the responses could not be read */
  const failed = ref(false);
  let rulesRead = false;
  let reading = 0;

  const canned = computed(() => answer.value?.canned ?? NOTHING);
  const suggested = computed(() =>
    canned.value.suggested.flatMap((id) => canned.value.responses.find((one) => one.id === id) ?? []),
  );

  /** What is offered follows the conversation: asked again with each, and when its customer has said something. */
  async function read(conversationId: string): Promise<void> {
    reading += 1;
    const mine = reading;
    if (answer.value?.conversationId !== conversationId) answer.value = null;
    failed.value = false;
    try {
      const found = await desk.cannedResponses(conversationId);
      if (mine === reading) answer.value = { conversationId, canned: found };
    } catch {
      if (mine === reading) failed.value = true;
    }
  }

  /** Without the rules nothing is checked; the next conversation asks again. */
  async function readRules(): Promise<void> {
    if (rulesRead) return;
    try {
      rules.value = compileRules((await desk.wordingRules()).rules);
      rulesRead = true;
    } catch {
      rulesRead = false;
    }
  }

  return { rules, canned, suggested, failed, read, readRules };
});
