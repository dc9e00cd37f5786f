/** The agents' calls of the desk by name. */

import type { Presence } from "@baton/shared";
import type { AgentHandoffRow as HandoffRow } from "../contract/handoff";
import type {
  Agent,
  Colleague,
  ConversationRow,
  EventsAnswer,
  Handback,
  HandoffDetail,
  LoginAnswer,
  Transfer,
} from "../contract/desk";
import type { History } from "../contract/history";
import type { CannedAnswer, WordingAnswer } from "../contract/assist";
import type { PrivateNote } from "../contract/private_notes";
import type { CustomerAnswer } from "../contract/shop";
import { searchParameters } from "../rules/search";
import { accountCalls } from "./accounts";
import { customerCalls } from "./customer";
import { insightCalls } from "./insight";
import { searchCalls } from "./search";
import type { Call } from "./http";

export type DeskApi = ReturnType<typeof createDeskApi>;

export function createDeskApi(call: Call) {
  const conversation = (id: string): string => `/conversations/${encodeURIComponent(id)}`;
  const handoff = (id: string): string => `/handoffs/${encodeURIComponent(id)}`;
  return {
    ...accountCalls(call),
    ...insightCalls(call),
    ...customerCalls(call, conversation),
    ...searchCalls(call),
    login: (username: string, password: string) =>
      call<LoginAnswer>("POST", "/agents/login", { username, password }),
    logout: () => call<void>("POST", "/agents/logout"),
    me: () => call<Agent | { agent: Agent }>("GET", "/agents/me"),
    setPresence: (state: Presence, force = false) =>
      call<{ state: Presence }>("PUT", "/agents/me/presence", force ? { state, force } : { state }),
    colleagues: () => call<{ agents: Colleague[] }>("GET", "/agents"),
    queued: () => call<{ handoffs: HandoffRow[] }>("GET", "/handoffs?state=queued"),
    handoff: (id: string) => call<HandoffDetail>("GET", handoff(id)),
    claim: (id: string) => call<HandoffRow>("POST", `${handoff(id)}/claim`, {}),
    decline: (id: string, reason: string) =>
      call<HandoffRow>("POST", `${handoff(id)}/decline`, reason ? { reason } : {}),
    confirmHistory: (id: string) => call<{ history: History }>("POST", `${handoff(id)}/confirm-history`, {}),
    conversations: (owner: "me" | "all", page: { limit: number; before: string } | null = null) =>
      call<{ conversations: ConversationRow[]; next?: string | null }>(
        "GET",
        `/conversations?${searchParameters({ owner, limit: page?.limit ?? "" }, page?.before ?? null)}`,
      ),
    conversation: (id: string) => call<ConversationRow>("GET", conversation(id)),
    events: (id: string, after: number) => call<EventsAnswer>("GET", `${conversation(id)}/events?after=${after}`),
    customer: (id: string) => call<CustomerAnswer>("GET", `${conversation(id)}/customer`),
    cannedResponses: (id: string) => call<CannedAnswer>("GET", `${conversation(id)}/canned-responses`),
    wordingRules: () => call<WordingAnswer>("GET", "/wording-rules"),
    privateNotes: (id: string) => call<{ notes: PrivateNote[] }>("GET", `${conversation(id)}/private-notes`),
    writePrivateNote: (id: string, clientId: string, text: string) =>
      call<PrivateNote>("POST", `${conversation(id)}/private-notes`, { client_id: clientId, text }),
    resolve: (id: string, outcome: string, note: string) =>
      call<unknown>("POST", `${conversation(id)}/resolve`, note ? { outcome, note } : { outcome }),
    handback: (id: string, handback: Handback) => call<unknown>("POST", `${conversation(id)}/handback`, handback),
    transfer: (id: string, transfer: Transfer) => call<unknown>("POST", `${conversation(id)}/transfer`, transfer),
    takeOver: (id: string) =>
      call<{ handoff: HandoffRow }>("POST", `${conversation(id)}/takeover`, {}),
    join: (id: string) => call<{ joined: boolean }>("POST", `${conversation(id)}/join`, {}),
    leave: (id: string) => call<{ joined: boolean }>("POST", `${conversation(id)}/leave`, {}),
  };
}
