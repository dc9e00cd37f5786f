/** The search: what is asked, what can be chosen, which answer counts. */

import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defineComponent, h } from "vue";
import type { SearchAnswer, SearchResult } from "../src/contract/search";
import { useSearch } from "../src/features/search";
import { searchEntries, searchParameters } from "../src/rules/search";
import { provideCalls } from "./helpers";

function result(id: string, seqs: number[]): SearchResult {
  return {
    conversation_id: id, state: "closed", customer_name: "李*", customer_id: null, created_at: "", updated_at: "", agent: null,
    headline: null, skill_group: null, matched: ["message"], hit_count: seqs.length,
    hits: seqs.map((seq) => ({ seq, message_id: `m_${seq}`, sender: "customer", at: "", snippet: [] })),
  };
}

const answer = (results: SearchResult[], next: string | null = null): SearchAnswer => ({ results, by_name: false, next });

describe("search results", () => {
  it("are chosen hit by hit, or as a conversation when no message answers", () => {
    expect(searchEntries([result("a", [7, 3]), result("b", [])]).map((entry) => entry.key)).toEqual(["a-m_7", "a-m_3", "b"]);
  });

  it("lead to a private note as to a message", () => {
    const noted = { ...result("a", []), notes: [{ note_id: "n_1", after_seq: 4, agent: "小周", at: "", snippet: [] }] };
    expect(searchEntries([noted])).toMatchObject([{ key: "a-n_1", hit: { message_id: "n_1", sender: "note" } }]);
  });

  it("are asked for with what is filled in only", () => {
    expect(searchParameters({ q: " 退款 ", state: "", group: "orders" }, null)).toBe("q=%E9%80%80%E6%AC%BE&group=orders");
    expect(searchParameters({ q: "a" }, "2026-11-22T02:00:00+00:00~c")).toBe("q=a&before=2026-11-22T02%3A00%3A00%2B00%3A00%7Ec");
  });
});

describe("the open search", () => {
  const search = vi.fn();
  let found: ReturnType<typeof useSearch>;
  const holder = defineComponent(() => {
    found = useSearch();
    return () => h("div");
  });

  beforeEach(() => {
    vi.useFakeTimers();
    vi.resetAllMocks();
    setActivePinia(createPinia());
    provideCalls({ search });
    mount(holder);
  });
  afterEach(() => vi.useRealTimers());

  async function type(text: string): Promise<void> {
    found.query.q = text;
    await flushPromises();
    await vi.advanceTimersByTimeAsync(300);
  }

  it("asks once for words typed in one go, and for nothing when the field is empty", async () => {
    search.mockResolvedValue(answer([result("a", [1])]));
    found.query.q = "退";
    await flushPromises();
    await type("退款");
    expect(search).toHaveBeenCalledOnce();
    expect(found.results.value).toHaveLength(1);
    await type(" ");
    expect(search).toHaveBeenCalledOnce();
    expect(found.results.value).toEqual([]);
  });

  it("forgets an answer that comes after a newer question", async () => {
    let late: (value: SearchAnswer) => void = () => undefined;
    search.mockReturnValueOnce(new Promise((done) => (late = done)));
    search.mockResolvedValue(answer([result("new", [1])]));
    await type("旧");
    await type("新");
    late(answer([result("old", [1])]));
    await flushPromises();
    expect(found.results.value.map((one) => one.conversation_id)).toEqual(["new"]);
  });

  it("puts the next page behind the first", async () => {
    search.mockResolvedValueOnce(answer([result("a", [1])], "place")).mockResolvedValueOnce(answer([result("b", [1])]));
    await type("退款");
    await found.more();
    await found.more();
    expect(search).toHaveBeenCalledTimes(2);
    expect(search).toHaveBeenLastCalledWith(expect.objectContaining({ q: "退款" }), "place");
    expect(found.results.value.map((one) => one.conversation_id)).toEqual(["a", "b"]);
  });
});
