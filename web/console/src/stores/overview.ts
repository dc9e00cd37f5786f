/** For supervisors: every open conversation, read again every few seconds while the list is open. */

import { defineStore } from "pinia";
import { ref } from "vue";
import { useDesk } from "../api/provide";
import type { ConversationRow } from "../contract/desk";
import { useHandoffs } from "./handoffs";

const REFRESH_MS = 8_000;

export const useOverview = defineStore("overview", () => {
  const desk = useDesk();
  const handoffs = useHandoffs();
  const rows = ref<ConversationRow[]>([]);
  const failure = ref<unknown>(null);
  const read = ref(false);

  async function refresh(): Promise<void> {
    try {
      rows.value = (await desk.conversations("all")).conversations;
      rows.value.forEach((row) => row.handoff && handoffs.learn(row.handoff));
      failure.value = null;
    } catch (error) {
      failure.value = error;
    }
    read.value = true;
  }

  /** Returns how to stop. */
  function start(): () => void {
    void refresh();
    const timer = setInterval(() => void refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }

  return { rows, failure, read, refresh, start };
});
