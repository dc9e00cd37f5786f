/** What can be chosen in the list of search results: each hit, or the conversation when no message answers. */

import type { SearchHit, SearchResult } from "../contract/search";

export interface SearchEntry {
  key: string;
  result: SearchResult;
  hit: SearchHit | null;
}

export function searchEntries(results: readonly SearchResult[]): SearchEntry[] {
  return results.flatMap((result): SearchEntry[] => {
    const notes = (result.notes ?? []).map(({ note_id, after_seq, at, snippet }) => ({ seq: after_seq, message_id: note_id, sender: "note", at, snippet }));
    const places = [...result.hits, ...notes];
    if (places.length === 0) return [{ key: result.conversation_id, result, hit: null }];
    return places.map((hit) => ({ key: `${result.conversation_id}-${hit.message_id}`, result, hit }));
  });
}

/** The part of a query string that says something; `before` is the cursor of the next page. */
export function searchParameters(query: object, before: string | null): string {
  const said = Object.entries({ ...query, before: before ?? "" })
    .map(([name, value]) => [name, String(value).trim()] as const)
    .filter(([, value]) => value !== "");
  return new URLSearchParams(said.map(([name, value]) => [name, value])).toString();
}
