/** For supervisors: every open conversation, page by page as far as they look, read again every few seconds. */

import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";
import { useDesk } from "../api/provide";
import type { ConversationRow } from "../contract/desk";
import { useHandoffs } from "./handoffs";

const REFRESH_MS = 8_000;
const FIRST_PAGE = 100;
/** the largest the desk gives at once */
const PAGE = 500;

export const useOverview = defineStore("overview", () => {
  const desk = useDesk();
  const handoffs = useHandoffs();
  const rows = shallowRef<ConversationRow[]>([]);
  const next = ref<string | null>(null);
  const failure = ref<unknown>(null);
  const read = ref(false);
  let reading: Promise<void> | null = null;
  let asksForMore = false;

  /** Reads what is shown anew: the first page, or as many rows as were there. */
  async function refresh(): Promise<void> {
    if (reading) return;
    await readAlone(async () => {
      const wanted = Math.max(FIRST_PAGE, rows.value.length);
      const fresh: ConversationRow[] = [];
      let before = "";
      do {
        const answer = await page(Math.min(PAGE, wanted - fresh.length), before);
        fresh.push(...answer.conversations);
        before = answer.next ?? "";
      } while (before !== "" && fresh.length < wanted);
      show(fresh, before);
    });
  }

  /** The next page, when there is one. */
  async function more(): Promise<void> {
    if (asksForMore) return;
    asksForMore = true;
    await reading; // a reading under way puts other rows in the place of these
    const before = next.value;
    asksForMore = false;
    if (before === null) return;
    await readAlone(async () => {
      const answer = await page(PAGE, before);
      const known = new Set(rows.value.map((row) => row.conversation_id));
      show([...rows.value, ...answer.conversations.filter((row) => !known.has(row.conversation_id))], answer.next ?? "");
    });
  }

  async function page(limit: number, before: string) {
    const answer = await desk.conversations("all", { limit, before });
    answer.conversations.forEach((row) => row.handoff && handoffs.learn(row.handoff));
    return answer;
  }

  function show(fresh: ConversationRow[], before: string): void {
    rows.value = fresh;
    next.value = before || null;
  }

  function readAlone(work: () => Promise<void>): Promise<void> {
    reading = work()
      .then(() => (failure.value = null))
      .catch((error: unknown) => (failure.value = error))
      .then(() => {
        reading = null;
        read.value = true;
      });
    return reading;
  }

  /** Returns how to stop. */
  function start(): () => void {
    void refresh();
    const timer = setInterval(() => {
      if (!document.hidden) void refresh();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }

  return { rows, next, failure, read, refresh, more, start };
});
