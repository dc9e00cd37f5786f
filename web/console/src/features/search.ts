/** The search while its window is open: asks shortly after the last key, forgets answers that come too late. */

import { computed, onBeforeUnmount, reactive, ref, shallowRef, watch } from "vue";
import { useDesk } from "../api/provide";
import type { SearchQuery, SearchResult } from "../contract/search";
import { searchEntries } from "../rules/search";

const ASK_AFTER_MS = 220;

export function useSearch() {
  const desk = useDesk();
  const query = reactive<SearchQuery>({ q: "", from: "", to: "", state: "", group: "" });
  const results = shallowRef<SearchResult[]>([]);
  const byName = ref(false);
  const next = ref<string | null>(null);
  const failure = ref<unknown>(null);
  const state = ref<"idle" | "asking" | "done">("idle");
  const entries = computed(() => searchEntries(results.value));
  const isEmpty = computed(() => Object.values(query).every((value) => value.trim() === ""));
  let asked = 0;
  let timer = 0;

  async function ask(before: string | null = null): Promise<void> {
    asked += 1;
    const mine = asked;
    state.value = "asking";
    try {
      const answer = await desk.search(query, before);
      if (mine !== asked) return;
      results.value = before === null ? answer.results : [...results.value, ...answer.results];
      byName.value = answer.by_name;
      next.value = answer.next;
      failure.value = null;
    } catch (error) {
      if (mine !== asked) return;
      failure.value = error;
    }
    state.value = "done";
  }

  function forget(): void {
    asked += 1;
    results.value = [];
    byName.value = false;
    next.value = null;
    failure.value = null;
    state.value = "idle";
  }

  watch(query, () => {
    window.clearTimeout(timer);
    if (isEmpty.value) forget();
    else timer = window.setTimeout(() => void ask(), ASK_AFTER_MS);
  });
  onBeforeUnmount(() => {
    window.clearTimeout(timer);
    asked += 1;
  });

  async function more(): Promise<void> {
    if (next.value !== null && state.value !== "asking") await ask(next.value);
  }

  return { query, results, byName, next, failure, state, entries, isEmpty, ask, more };
}
