/** Which conversation this visitor is in: resumed when it is theirs, otherwise a new one. */

import { DeskHttp, type ChatEvent, type Page } from "@baton/shared";
import { parseDevice } from "./device";

export interface Session {
  conversation: string;
  token: string;
  /** the customer it belongs to; "" for a visitor */
  who: string;
  /** a random name that outlives conversations, so that the desk can tell a returning visitor */
  visitor: string;
  /** what the customer has seen, as a sequence number: the rest counts as unread after a reload */
  read: number;
}

/** The customer id in a signed identity. Only to tell people apart in this browser: the desk checks the signature. */
export function customerOf(identity: string | null | undefined): string {
  const body = (identity ?? "").split(".")[1];
  if (!body) return "";
  try {
    const json = atob(body.replace(/-/g, "+").replace(/_/g, "/"));
    const claims = JSON.parse(json) as { customer_id?: unknown };
    return typeof claims.customer_id === "string" ? claims.customer_id : "";
  } catch {
    return ""; // not readable: the desk will refuse it with its own words
  }
}

export function parseSession(stored: string | null): Session | null {
  try {
    const value = JSON.parse(stored ?? "null") as Partial<Session> | null;
    const complete = [value?.conversation, value?.token, value?.who, value?.visitor].every((part) => typeof part === "string");
    return complete ? { ...(value as Session), read: Number(value?.read ?? 0) } : null;
  } catch {
    return null; // something else was kept under our name: begin anew
  }
}

/** Asks the desk for a new conversation, which begins with its greeting; throws DeskError. */
export async function startSession(
  http: DeskHttp,
  request: { identity: string | null; page: Page | null; locale: string; visitor: string },
): Promise<{ session: Session; events: ChatEvent[] }> {
  const started = await http.start({
    ...(request.identity ? { identity: request.identity } : {}),
    ...(request.page ? { page: request.page } : {}),
    locale: request.locale,
    device: parseDevice(navigator.userAgent),
    visitor: request.visitor,
  });
  const { conversation_id: conversation, token, events = [] } = started;
  return { session: { conversation, token, who: customerOf(request.identity), visitor: request.visitor, read: 0 }, events };
}
