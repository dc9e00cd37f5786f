/** Calls about the customer of a conversation, and what is done for them in the shop. */

import type { ActionPreview, ActionRequest, ActionsAnswer, AgentAction, Contact, OrderCourse, Ticket } from "../contract/customer";
import type { Call } from "./http";

export function customerCalls(call: Call, conversation: (id: string) => string) {
  const actions = (id: string): string => `${conversation(id)}/agent-actions`;
  return {
    orderCourse: (id: string, orderId: string) =>
      call<OrderCourse>("GET", `${conversation(id)}/customer/orders/${encodeURIComponent(orderId)}`),
    tickets: (id: string) => call<{ tickets: Ticket[] }>("GET", `${conversation(id)}/customer/tickets`),
    contacts: (id: string) => call<{ contacts: Contact[] }>("GET", `${conversation(id)}/contacts`),
    actions: (id: string) => call<ActionsAnswer>("GET", actions(id)),
    previewAction: (id: string, request: ActionRequest) => call<ActionPreview>("POST", `${actions(id)}/preview`, request),
    carryOut: (id: string, clientId: string, request: ActionRequest) =>
      call<AgentAction>("POST", actions(id), { ...request, client_id: clientId }),
    actionRecord: (query: string) => call<{ actions: AgentAction[]; more: boolean }>("GET", `/agent-actions?${query}`),
  };
}
