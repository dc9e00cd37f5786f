/** What the agent is looking at and doing: the selected conversation, the open dialog, the claim under way. */

import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";
import type { AgentHandoffRow as HandoffRow } from "../contract/handoff";
import { useDesk } from "../api/provide";
import type { Feed } from "../rules/feed";
import { hasJoined } from "../rules/guests";
import { neighbour } from "../rules/handoffs";
import { mayWriteNote } from "../rules/private_notes";
import { useConversations } from "./conversations";
import { useHandoffs } from "./handoffs";
import { useSession } from "./session";
import { useUndo } from "./undo";

export type DialogName = "resolve" | "handback" | "transfer" | "search" | "help";
export type SupervisorStep = "takeOver" | "join" | "leave";
/** what the agent may do with the selected conversation */
export type Standing = "mine" | "queued" | "other" | "bot" | "ended";

export const useWork = defineStore("work", () => {
  const session = useSession();
  const handoffs = useHandoffs();
  const conversations = useConversations();
  const undo = useUndo();
  const desk = useDesk();
  const selected = ref<string | null>(null);
  const dialog = ref<DialogName | null>(null);
  /** the right pane lies over the conversation; only where the window has no room beside it */
  const sideShown = ref(false);
  const claiming = ref<string | null>(null);
  /** raised each time the composer is asked to take the focus */
  const focusReply = ref(0);

  const row = computed<HandoffRow | null>(() => (selected.value ? handoffs.ofConversation(selected.value) : null));
  const feed = computed<Feed | null>(() => (selected.value ? conversations.feedOf(selected.value) : null));
  const standing = computed<Standing>(() => standingOf(row.value, feed.value, session.agent?.agent_id ?? null));
  /** a supervisor looks at what somebody else, or the bot, is doing */
  const supervises = computed(() => session.isSupervisor && (standing.value === "other" || standing.value === "bot"));
  const joined = computed(
    () => standing.value === "other" && hasJoined(feed.value?.events ?? [], session.agent?.agent_id ?? null),
  );
  /** what was decided here and can still be taken back */
  const pending = computed(() => (selected.value ? undo.of(selected.value) : null));
  const canWrite = computed(() => !pending.value && (standing.value === "mine" || joined.value));
  const canNote = computed(() => mayWriteNote(session.agent, row.value, session.isSupervisor));
  /** below the conversation a private note is written instead of a reply */
  const noting = ref(false);
  const order = computed(() => [...handoffs.mine, ...handoffs.queue].map((one) => one.conversation_id));

  // My conversations stay up to date whether I look at them or not; others only while I look.
  watch(
    () => [selected.value, ...handoffs.mine.map((one) => one.conversation_id)],
    (now, before) => {
      const wanted = new Set(now.filter((id): id is string => id !== null));
      wanted.forEach((id) => conversations.follow(id));
      (before ?? []).forEach((id) => {
        if (id && !wanted.has(id)) conversations.unfollow(id);
      });
    },
    { immediate: true },
  );

  function select(conversationId: string | null): void {
    if (conversationId !== selected.value) noting.value = sideShown.value = false;
    selected.value = conversationId;
  }

  function step(by: 1 | -1): void {
    const next = neighbour(order.value, selected.value, by);
    if (next) select(next);
  }

  /** Claims this handoff and opens it ready to answer. Throws ApiError. */
  async function claim(handoffId: string): Promise<HandoffRow> {
    claiming.value = handoffId;
    try {
      await undo.flush(); // what I am done with still counts against my capacity
      const claimed = await handoffs.claim(handoffId);
      select(claimed.conversation_id);
      focusReply.value += 1;
      return claimed;
    } finally {
      claiming.value = null;
    }
  }

  /** Takes a conversation over, joins it or, unless taken back, leaves it again. Throws ApiError. */
  async function supervise(step: SupervisorStep, name: string): Promise<void> {
    const id = selected.value;
    if (!id) return;
    if (step === "leave") return undo.begin({ kind: "leave", conversationId: id, name, run: () => desk.leave(id) });
    if (step === "takeOver") handoffs.take((await desk.takeOver(id)).handoff);
    else await desk.join(id);
    focusReply.value += 1;
  }

  /** What the claim key takes: the selected one when it is in the queue, else the first of the queue. */
  function claimable(): HandoffRow | null {
    return row.value?.state === "queued" ? row.value : (handoffs.queue[0] ?? null);
  }

  function write(what: "reply" | "note"): void {
    noting.value = what === "note" && canNote.value;
    if (what === "reply") focusReply.value += 1;
  }

  function openDialog(name: DialogName, canAct = false): void {
    if (name === "help" || name === "search" || canAct) dialog.value = name;
  }

  return {
    selected,
    dialog,
    sideShown,
    claiming,
    focusReply,
    row,
    feed,
    standing,
    supervises,
    joined,
    pending,
    canWrite,
    canNote,
    noting,
    write,
    order,
    select,
    step,
    claim,
    supervise,
    claimable,
    openDialog,
  };
});

function standingOf(row: HandoffRow | null, feed: Feed | null, agentId: string | null): Standing {
  if (row?.state === "queued") return "queued";
  if (row?.state === "active") return row.agent?.agent_id === agentId ? "mine" : "other";
  const state = feed?.status?.state;
  if (state === "bot") return "bot";
  if (state === "active") return feed?.status?.agent?.agent_id === agentId ? "mine" : "other";
  return state === "queued" ? "queued" : "ended";
}
