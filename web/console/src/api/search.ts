/** The search over conversations. */

import type { SearchAnswer, SearchQuery } from "../contract/search";
import { searchParameters } from "../rules/search";
import type { Call } from "./http";

export function searchCalls(call: Call) {
  return {
    search: (query: SearchQuery, before: string | null) =>
      call<SearchAnswer>("GET", `/conversations/search?${searchParameters(query, before)}`),
  };
}
