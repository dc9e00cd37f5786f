/** Notices what is new for the agent: somebody joined the queue, a customer of mine wrote; keeps the title's number. */

import { computed, onBeforeUnmount, onMounted, watch } from "vue";
import { useI18n } from "vue-i18n";
import { useLabel } from "../composables";
import { unreadCount } from "../rules/feed";
import { useAlerts } from "../stores/alerts";
import { useConversations } from "../stores/conversations";
import { useHandoffs } from "../stores/handoffs";
import { useOffers } from "../stores/offers";
import { useSession } from "../stores/session";
import { useToasts } from "../stores/toasts";
import { useWork } from "../stores/work";

export function useNews(): void {
  const { t } = useI18n();
  const label = useLabel();
  const alerts = useAlerts();
  const conversations = useConversations();
  const handoffs = useHandoffs();
  const session = useSession();
  const work = useWork();
  const offers = useOffers();
  const toasts = useToasts();

  const stopRows = handoffs.onRow((row, before) => {
    const joined = row.state === "queued" && before?.state !== "queued";
    const passedOnByMe = before?.agent?.agent_id === session.agent?.agent_id && before !== null;
    const takenFromMe = row.state === "active" && before?.agent?.agent_id === session.agent?.agent_id;
    if (takenFromMe && row.agent && row.agent.agent_id !== session.agent?.agent_id) {
      toasts.show("plain", t("action.taken_from_me", { agent: row.agent.display_name, name: row.customer_name }));
    }
    const offeredToMe = row.offer != null && row.offer.agent_id === session.agent?.agent_id;
    const forSomebodyElse = row.target_agent_id != null && row.target_agent_id !== session.agent?.agent_id;
    if (!handoffs.settled || !joined || passedOnByMe || offeredToMe || forSomebodyElse || session.presence !== "online") return;
    alerts.raise({
      kind: "handoff",
      title: t("alert.new_handoff", { priority: label("priority", row.priority) }),
      body: row.headline,
      tag: `handoff-${row.id}`,
      onClick: () => work.select(row.conversation_id),
    });
  });

  const stopOffers = offers.listen({
    onOffer: ({ row }) =>
      alerts.raise({
        kind: "handoff",
        title: t("alert.offer", { priority: label("priority", row.priority) }),
        body: row.headline,
        tag: `handoff-${row.id}`,
        onClick: () => work.select(row.conversation_id),
      }),
    onEnded: ({ row }, reason) => {
      if (reason === "taken" || reason === "cancelled") toasts.show("plain", t(`offer.ended_${reason}`, { name: row.customer_name }));
    },
    onTransferEnded: (end) => {
      const name = handoffs.ofConversation(end.conversation)?.customer_name ?? t("who.customer");
      const words = t(`action.transfer_${end.reason}`, { agent: end.agent.display_name, name });
      const body = end.note ? `${words}（${end.note}）` : words;
      toasts.show("bad", body);
      const onClick = (): void => work.select(end.conversation);
      alerts.raise({ kind: "handoff", title: t("alert.transfer_ended"), body, tag: `handoff-${end.handoff_id}`, onClick });
    },
    onPresenceTaken: () =>
      alerts.raise({ kind: "message", title: t("presence.break"), body: t("offer.missed_offers"), tag: "presence", onClick: () => undefined }),
  });

  const stopEvents = conversations.onEvent((feed, event) => {
    if (event.type !== "message" || event.sender !== "customer" || !feed.loaded || event.seq <= feed.readSeq)
      return;
    const row = handoffs.mine.find((one) => one.conversation_id === feed.id);
    const watching = work.selected === feed.id && document.visibilityState === "visible" && document.hasFocus();
    if (!row || watching) return;
    alerts.raise({
      kind: "message",
      title: t("alert.new_message", { name: row.customer_name }),
      body: event.text || t(event.attachments ? "alert.files" : "alert.card"),
      tag: `conversation-${feed.id}`,
      onClick: () => work.select(feed.id),
    });
  });

  const waiting = computed(
    () =>
      handoffs.queue.length +
      handoffs.mine.reduce((sum, row) => sum + unreadCount(conversations.feedOf(row.conversation_id)), 0),
  );
  const stopTitle = watch(
    waiting,
    (count) => {
      document.title = count > 0 ? `(${count}) ${t("app.title")}` : t("app.title");
    },
    { immediate: true },
  );

  onMounted(() => {
    window.addEventListener("pointerdown", alerts.unlockSound, { once: true });
    window.addEventListener("keydown", alerts.unlockSound, { once: true });
  });
  onBeforeUnmount(() => {
    stopRows();
    stopOffers();
    stopEvents();
    stopTitle();
    document.title = t("app.title");
  });
}
