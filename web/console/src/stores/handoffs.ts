/** The queue and my conversations, kept true by the socket, which begins every connection with all of them. */

import type { Frame } from "@baton/shared";
import { defineStore } from "pinia";
import { computed, ref, shallowReactive } from "vue";
import type { HandoffDetail } from "../contract/desk";
import type { AgentHandoffRow as HandoffRow } from "../contract/handoff";
import { useDesk } from "../api/provide";
import { latestOf, mineInOrder, queueOrder } from "../rules/handoffs";
import { useLink } from "./link";
import { useSession } from "./session";

type RowListener = (row: HandoffRow, before: HandoffRow | null) => void;

export const useHandoffs = defineStore("handoffs", () => {
  const desk = useDesk();
  const link = useLink();
  const session = useSession();
  const rows = shallowReactive(new Map<string, HandoffRow>());
  const details = shallowReactive(new Map<string, HandoffDetail>());
  /** details that are still shown while they have to be read again */
  const stale = new Set<string>();
  /** reading number in which a row was last confirmed */
  const confirmedIn = new Map<string, number>();
  const listeners = new Set<RowListener>();
  let reading = 0;
  /** reading number the present connection began with */
  let connectedIn = 0;
  /** true once the first full reading is in: only then is an unknown row news */
  const settled = ref(false);
  const readError = ref<unknown>(null);
  const queue = computed(() => queueOrder(rows.values()));
  const mine = computed(() => mineInOrder(rows.values(), session.agent?.agent_id ?? null));

  link.listen({
    onReady: () => {
      reading += 1;
      connectedIn = reading;
    },
    onFrame: (frame: Frame) => {
      if (frame.type === "handoff") take(frame.handoff as HandoffRow);
      else if (frame.type === "handoffs") takeAll(frame.handoffs as HandoffRow[]);
    },
  });

  /** All that waits and all that is mine: what is not among them, nor has come since the reading began, is over. */
  function takeAll(all: HandoffRow[]): void {
    all.forEach(take);
    dropUnconfirmed();
    settled.value = true;
    readError.value = null;
  }

  function take(row: HandoffRow): void {
    const before = rows.get(row.id) ?? null;
    rows.set(row.id, row);
    confirmedIn.set(row.id, reading);
    // The document, the clock of its history and what may be seen of the customer follow the owner.
    const handedOn = before?.state !== row.state || before.agent?.agent_id !== row.agent?.agent_id;
    if (before && (handedOn || before.queued_at !== row.queued_at)) stale.add(row.id);
    listeners.forEach((listener) => listener(row, before));
  }

  /** A row that was looked up: shown like the others, but nothing to be told about. */
  function learn(row: HandoffRow): void {
    rows.set(row.id, row);
    confirmedIn.set(row.id, reading);
  }

  /** Reads everything anew while the connection stands: when the desk saw something else than we do. */
  async function readAll(): Promise<void> {
    reading += 1;
    const mineOfReading = reading;
    try {
      const [{ handoffs }, { conversations }] = await Promise.all([desk.queued(), desk.conversations("me")]);
      if (mineOfReading !== reading) return;
      takeAll([...handoffs, ...conversations.flatMap((one) => one.handoff ?? [])]);
    } catch (error) {
      readError.value = error;
    }
  }

  /** A colleague's row is in no reading: over a connection it lasts, since the socket told of it. */
  function dropUnconfirmed(): void {
    for (const row of [...rows.values()]) {
      const since = isColleagues(row) ? connectedIn : reading;
      const live = row.state === "queued" || row.state === "active";
      if (live && (confirmedIn.get(row.id) ?? 0) < since) rows.delete(row.id);
    }
  }

  function isColleagues(row: HandoffRow): boolean {
    return row.state === "active" && row.agent?.agent_id !== session.agent?.agent_id;
  }

  /** Takes a handoff of the queue. Throws ApiError: already_claimed, capacity_full, not_online. */
  async function claim(id: string): Promise<HandoffRow> {
    const row = await desk.claim(id);
    take(row);
    return row;
  }

  /** The handoff with its summary; read once and kept until it is out of date. Throws ApiError. */
  async function detail(id: string): Promise<HandoffDetail> {
    const known = details.get(id);
    if (known && !stale.delete(id)) return known;
    const read = await desk.handoff(id);
    details.set(id, read);
    return read;
  }

  /** What is known of it is out of date: the next who asks gets it anew. */
  function outdate(id: string): void {
    if (details.has(id)) stale.add(id);
  }

  /** The agent knows the story; its clock stops. Throws ApiError. */
  async function confirmHistory(id: string): Promise<void> {
    const { history } = await desk.confirmHistory(id);
    const known = details.get(id);
    if (known) details.set(id, { ...known, history });
  }

  function ofConversation(conversationId: string): HandoffRow | null {
    return latestOf(rows.values(), conversationId);
  }

  function onRow(listener: RowListener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  function clear(): void {
    rows.clear();
    details.clear();
    stale.clear();
    confirmedIn.clear();
    settled.value = false;
  }

  return {
    rows,
    details,
    queue,
    mine,
    settled,
    readError,
    readAll,
    claim,
    detail,
    outdate,
    confirmHistory,
    take,
    learn,
    ofConversation,
    onRow,
    clear,
  };
});
