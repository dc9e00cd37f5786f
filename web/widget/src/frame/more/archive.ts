/** What the desk keeps for its customers: the transcript as a file, and their earlier conversations. */

import { DeskError, DeskHttp, type ChatEvent } from "@baton/shared";

const TIMEOUT_MS = 20_000;
const PAGE = 20;
export const EVENTS_PAGE = 60;

export type Outcome = "open" | "bot" | "solved" | "follow_up" | "unsolved" | "ended";

export interface EarlierConversation {
  conversation_id: string;
  updated_at: string;
  topic: string;
  first_words: string;
  outcome: Outcome;
  outcome_text: string;
}

interface EarlierPage {
  conversations: EarlierConversation[];
  next: string | null;
}

const http = new DeskHttp(location.origin);

/** The signed customer's conversations, newest first; `before` is the `next` of the page before. Throws DeskError. */
export function earlierConversations(identity: string, before: string | null): Promise<EarlierPage> {
  const query = before === null ? "" : `&before=${encodeURIComponent(before)}`;
  return http.call("GET", `/api/v1/customers/me/conversations?limit=${PAGE}${query}`, undefined, identity);
}

/** The next events of a conversation; fewer than EVENTS_PAGE when it ends there. Throws DeskError. */
export async function eventsOf(conversation: string, bearer: string, after: number): Promise<ChatEvent[]> {
  const path = `/api/v1/conversations/${encodeURIComponent(conversation)}/events?after=${after}&limit=${EVENTS_PAGE}`;
  return (await http.call<{ events: ChatEvent[] }>("GET", path, undefined, bearer)).events;
}

/** Lets the browser save the conversation as a text file under the desk's name for it. Throws DeskError. */
export async function saveTranscript(conversation: string, bearer: string): Promise<void> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  try {
    const path = `/api/v1/conversations/${encodeURIComponent(conversation)}/transcript`;
    const headers = { Authorization: `Bearer ${bearer}` };
    const response = await fetch(path, { headers, credentials: "omit", signal: controller.signal });
    if (!response.ok) throw new DeskError(response.status === 401 ? "unauthorized" : "unknown", response.status);
    save(await response.blob(), nameIn(response.headers.get("Content-Disposition") ?? ""));
  } catch (error) {
    throw error instanceof DeskError ? error : new DeskError("network", 0, String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** The name in a Content-Disposition header. */
export function nameIn(disposition: string): string {
  const encoded = disposition.match(/filename\*=UTF-8''([^;]+)/)?.[1];
  return encoded === undefined ? "transcript.txt" : decodeURIComponent(encoded);
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
