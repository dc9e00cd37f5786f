/** Splits a message into plain and highlighted pieces, so that the page builds text nodes and never HTML. */

import type { EscalationSummary } from "../contract/summary";

export interface Piece {
  text: string;
  hit: boolean;
}

/** Pieces of `text` in order; joined they give `text` again. Words match without regard to case; overlaps merge. */
export function highlightPieces(text: string, words: readonly string[]): Piece[] {
  const marked = markHits(text, words);
  const pieces: Piece[] = [];
  let start = 0;
  for (let index = 1; index <= text.length; index += 1) {
    if (index < text.length && marked[index] === marked[start]) continue;
    pieces.push({ text: text.slice(start, index), hit: marked[start] === true });
    start = index;
  }
  return pieces;
}

function markHits(text: string, words: readonly string[]): boolean[] {
  const marked = new Array<boolean>(text.length).fill(false);
  const haystack = foldCase(text);
  for (const word of words) {
    const needle = foldCase(word);
    if (needle === "") continue;
    for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) {
      marked.fill(true, at, at + needle.length);
    }
  }
  return marked;
}

/** Lower case letter by letter: a plain toLowerCase can change the length of a string and shift every position. */
function foldCase(text: string): string {
  let folded = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    const lower = character.toLowerCase();
    folded += lower.length === 1 ? lower : character;
  }
  return folded;
}

/** The words to mark in one customer message: those of triggers that name it as evidence, or that name no evidence. */
export function wordsFor(messageId: string | undefined, summary: EscalationSummary | undefined): string[] {
  if (!summary) return [];
  const words = new Set<string>();
  for (const trigger of summary.triggers) {
    const concerned =
      trigger.evidence.length === 0 || (messageId !== undefined && trigger.evidence.includes(messageId));
    if (concerned) trigger.words.forEach((word) => words.add(word));
  }
  return [...words];
}
