/** Opens everything when an agent comes to the workplace and closes it when they leave. */

import { onBeforeUnmount } from "vue";
import type { Limits, Presence } from "@baton/shared";
import { forgetFiles } from "./files";
import { useConversations } from "../stores/conversations";
import { useDrafts } from "../stores/drafts";
import { useHandoffs } from "../stores/handoffs";
import { useLink } from "../stores/link";
import { useOffers } from "../stores/offers";
import { useSession } from "../stores/session";
import { useWork } from "../stores/work";

export function useWorkplaceLife(): void {
  const session = useSession();
  const link = useLink();
  const conversations = useConversations();
  const handoffs = useHandoffs();
  const offers = useOffers();
  const drafts = useDrafts();
  const work = useWork();

  const stopListening = link.listen({
    onReady: (welcome) => {
      // The desk lets a presence lapse when nobody was connected: what it says now is what counts.
      session.limits = (welcome.limits as Limits | undefined) ?? null;
      if (typeof welcome.presence === "string") session.presence = welcome.presence as Presence;
    },
    onFrame: () => undefined,
  });

  // Before anything is drawn: the desk answers while the page is.
  const agentId = session.agent?.agent_id;
  if (agentId) {
    conversations.open(agentId);
    drafts.open(agentId, Date.now());
    link.start({ onRefused: () => session.expire() });
  }

  onBeforeUnmount(() => {
    stopListening();
    link.stop();
    handoffs.clear();
    offers.clear();
    conversations.clear();
    forgetFiles();
    work.select(null);
    work.dialog = null;
  });
}
