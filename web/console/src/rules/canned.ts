/** The picker of canned responses: when it is open, what it lists, and what becomes of the text. */

import type { CannedAnswer, CannedResponse } from "../contract/assist";

/** what stands between "/" and the caret */
const ASKED = /(?:^|\s)\/([^\s/]{0,20})$/u;

export interface Slash {
  /** where the "/" stands */
  start: number;
  query: string;
}

/** A "/" at the beginning of the text or after a space asks for the picker; one inside a word or address does not. */
export function slashAt(text: string, caret: number): Slash | null {
  const before = text.slice(0, caret);
  const match = ASKED.exec(before);
  if (!match) return null;
  return { start: before.lastIndexOf("/"), query: match[1] ?? "" };
}

/** Suggested ones first; then those whose title begins with the query, by its letters or words, then the rest. */
export function filterCanned(answer: CannedAnswer, query: string): CannedResponse[] {
  const wanted = query.trim().toLowerCase();
  const place = (one: CannedResponse): number => {
    const suggested = answer.suggested.indexOf(one.id);
    return suggested === -1 ? answer.suggested.length : suggested;
  };
  const ranked = answer.responses
    .map((response) => ({ response, rank: rankOf(response, wanted) }))
    .filter(({ rank }) => rank !== null);
  return ranked
    .sort((a, b) => a.rank! - b.rank! || place(a.response) - place(b.response))
    .map(({ response }) => response);
}

function rankOf(response: CannedResponse, wanted: string): number | null {
  if (wanted === "") return 0;
  const title = response.title.toLowerCase();
  if (title.startsWith(wanted) || response.initials.startsWith(wanted)) return 0;
  if (title.includes(wanted) || response.initials.includes(wanted)) return 1;
  if (response.topic.toLowerCase().includes(wanted)) return 2;
  return response.text.toLowerCase().includes(wanted) ? 3 : null;
}

/** The text with "/query" replaced by the response, and where the caret belongs. */
export function insertCanned(text: string, slash: Slash, words: string): { text: string; caret: number } {
  const after = text.slice(slash.start + 1 + slash.query.length);
  return { text: text.slice(0, slash.start) + words + after, caret: slash.start + words.length };
}
