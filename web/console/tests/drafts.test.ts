import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import { useDrafts } from "../src/stores/drafts";

const NOW = Date.UTC(2026, 10, 22);
const DAY_MS = 86_400_000;

function fresh(agentId: string, nowMs = NOW): ReturnType<typeof useDrafts> {
  setActivePinia(createPinia());
  const drafts = useDrafts();
  drafts.open(agentId, nowMs);
  return drafts;
}

describe("drafts", () => {
  beforeEach(() => localStorage.clear());

  it("belong to a conversation and survive a reload", () => {
    const drafts = fresh("a_1");
    drafts.set("c_1", "写到一半", NOW);
    drafts.set("c_2", "另一位", NOW);
    expect(fresh("a_1").textOf("c_1")).toBe("写到一半");
    expect(fresh("a_1").textOf("c_2")).toBe("另一位");
  });

  it("are not shown to another agent on the same machine", () => {
    fresh("a_1").set("c_1", "小周的草稿", NOW);
    expect(fresh("a_2").textOf("c_1")).toBe("");
    expect(fresh("a_1").textOf("c_1")).toBe("小周的草稿");
  });

  it("go when they are emptied, and after a week", () => {
    const drafts = fresh("a_1");
    drafts.set("c_1", "a", NOW);
    drafts.set("c_1", "", NOW);
    drafts.set("c_2", "旧的", NOW);
    expect(fresh("a_1").textOf("c_1")).toBe("");
    expect(fresh("a_1", NOW + 6 * DAY_MS).textOf("c_2")).toBe("旧的");
    expect(fresh("a_1", NOW + 8 * DAY_MS).textOf("c_2")).toBe("");
  });

  it("take inserted words at their end, never in their place", () => {
    const drafts = fresh("a_1");
    drafts.append("c_1", "您希望退款吗？", NOW);
    expect(drafts.textOf("c_1")).toBe("您希望退款吗？");
    drafts.append("c_1", "方便拍张照片吗？", NOW);
    expect(drafts.textOf("c_1")).toBe("您希望退款吗？\n方便拍张照片吗？");
  });

  it("work when the storage holds something else", () => {
    localStorage.setItem("baton.console.drafts.a_1", '{"c_1": 5, "c_2": {"text": "好"}}');
    const drafts = fresh("a_1");
    expect([drafts.textOf("c_1"), drafts.textOf("c_2")]).toEqual(["", ""]);
    localStorage.setItem("baton.console.drafts.a_1", "not json");
    expect(fresh("a_1").textOf("c_1")).toBe("");
  });
});
