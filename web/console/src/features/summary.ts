/** The summary of the selected handoff, read when it is first shown. */

import { computed, onBeforeUnmount, ref, watch } from "vue";
import { ApiError } from "../api/http";
import { useDesk } from "../api/provide";
import { useProblem } from "../composables";
import { readSummary } from "../rules/summary";
import { useConversations } from "../stores/conversations";
import { useHandoffs } from "../stores/handoffs";
import { useToasts } from "../stores/toasts";
import { useWork } from "../stores/work";

export function useSummary() {
  const work = useWork();
  const handoffs = useHandoffs();
  const problem = useProblem();
  const toasts = useToasts();
  const conversations = useConversations();
  const desk = useDesk();
  const failure = ref("");
  /** the customer's name when no handoff says it */
  const name = ref<string | null>(null);
  const detail = computed(() => (work.row ? handoffs.details.get(work.row.id) : undefined));
  const summary = computed(() => readSummary(detail.value?.summary) ?? undefined);
  const read = computed(() => work.row === null || handoffs.details.has(work.row.id));

  async function reload(): Promise<void> {
    const id = work.row?.id;
    failure.value = "";
    if (!id) return;
    try {
      await handoffs.detail(id);
    } catch (error) {
      if (work.row?.id === id) failure.value = problem.of(error);
    }
  }

  /** A conversation that was opened by its address, or is neither queued nor mine: the desk knows its handoff. */
  async function lookUp(): Promise<void> {
    const id = work.selected;
    if (!id || work.row || !handoffs.settled) return;
    try {
      const found = await desk.conversation(id);
      name.value = found.customer_name ?? null;
      if (found.handoff) handoffs.learn(found.handoff);
    } catch (error) {
      if (work.selected !== id) return;
      toasts.show("bad", problem.of(error));
      if (error instanceof ApiError && error.status === 404) work.select(null);
    }
  }

  watch(
    () => [work.selected, work.row === null, handoffs.settled] as const,
    ([selected], before) => {
      if (selected !== before?.[0]) name.value = null;
      void lookUp();
    },
    { immediate: true },
  );
  watch(
    () => [work.row?.id, work.row?.state, work.row?.agent?.agent_id],
    () => void reload(),
    { immediate: true },
  );
  // What the customer adds while waiting belongs to the summary.
  const stopEvents = conversations.onEvent((feed, event) => {
    const row = work.row;
    if (!feed.loaded || event.sender !== "customer" || row?.state !== "queued" || feed.id !== row.conversation_id) return;
    handoffs.outdate(row.id);
    void reload();
  });
  onBeforeUnmount(stopEvents);

  return { summary, failure, read, reload, name };
}
