/** Acting for a customer: what is offered, what becomes of what was typed, and one document however often it is confirmed. */

import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/http";
import ActionDialog from "../src/components/customer/ActionDialog.vue";
import type { AgentAction, CourseEvent } from "../src/contract/customer";
import type { Coupon, ShopOrder } from "../src/contract/shop";
import { i18n } from "../src/i18n";
import { fenOf, missingIn, newDraft, offeredFor, requestOf } from "../src/rules/actions";
import { courseRows, folded, toneOf } from "../src/rules/course";
import { provideCalls } from "./helpers";

const line = (id: string) => ({ line_id: id, title: `商品 ${id}`, quantity: 1, unit_price_fen: 9900 });
const order = (over: Partial<ShopOrder> = {}): ShopOrder => ({
  order_id: "20261118000123",
  status: "delivered",
  placed_at: "2026-11-18T02:00:00Z",
  amount_fen: 19800,
  lines: [line("L1"), line("L2")],
  ...over,
});
const coupon: Coupon = { coupon_id: "CP1", title: "满300减40", threshold_fen: 30000, discount_fen: 4000, expires_at: "2026-11-01T00:00:00Z", state: "expired" };
const event = (kind: string, over: Partial<CourseEvent> = {}): CourseEvent => ({ at: "2026-11-20T02:00:00Z", kind, ...over });

describe("what can be done", () => {
  it("is offered for what has arrived, within the role", () => {
    const all = ["return", "exchange", "reship", "coupon_reissue", "coupon"] as const;
    expect(offeredFor(order(), all)).toEqual(["return", "exchange", "reship"]);
    expect(offeredFor(order({ status: "completed" }), ["return", "coupon"])).toEqual(["return"]);
    for (const status of ["shipped", "unshipped", "refunded", "cancelled"]) expect(offeredFor(order({ status }), all)).toEqual([]);
  });

  it.each([
    ["20", 2000],
    ["15.5", 1550],
    [" １５．５０ ", 1550],
    ["0.01", 1],
    ["0", null],
    ["-3", null],
    ["1.234", null],
    ["1e3", null],
    ["二十", null],
    ["9999999", null],
  ])("%s yuan is %s fen", (text, fen) => expect(fenOf(text)).toBe(fen));

  it("says what is missing first", () => {
    const draft = newDraft("return", order());
    expect(missingIn(draft)).toBe("reason_missing");
    expect(missingIn({ ...draft, reason: "小了", lineIds: [] })).toBe("lines_missing");
    expect(missingIn({ ...draft, reason: "小了" })).toBeNull();
    expect(missingIn({ ...newDraft("coupon"), reason: "晚到" })).toBe("amount_wrong");
    expect(missingIn(newDraft("coupon_reissue", undefined, coupon))).toBeNull();
  });

  it("becomes a request with the fields of its action only", () => {
    const goods = { ...newDraft("return", order()), reason: " 小了 ", quality: true };
    expect(requestOf(goods)).toEqual({ action: "return", order_id: "20261118000123", reason: "小了", quality_issue: true });
    expect(requestOf({ ...goods, lineIds: ["L2"] }).line_ids).toEqual(["L2"]);
    expect(requestOf({ ...goods, action: "reship", kind: "missing" })).toEqual({ action: "reship", order_id: "20261118000123", reason: "小了", kind: "missing" });
    expect(requestOf({ ...newDraft("coupon"), reason: "晚到", amount: "20" })).toEqual({ action: "coupon", reason: "晚到", amount_fen: 2000 });
    expect(requestOf(newDraft("coupon_reissue", undefined, coupon))).toEqual({ action: "coupon_reissue", reason: "not_received", coupon_id: "CP1" });
  });
});

describe("the course of an order", () => {
  const events = [event("return_requested"), ...Array.from({ length: 5 }, () => event("parcel")), event("paid"), event("placed")];

  it("folds the carrier's lines and nothing else", () => {
    expect(courseRows(events, false).map((row) => (row.kind === "fold" ? row.hidden : row.event.kind))).toEqual(["return_requested", "parcel", "parcel", 3, "paid", "placed"]);
    expect(courseRows(events, true)).toHaveLength(8);
    expect([folded(events), folded([event("parcel")])]).toEqual([3, 0]);
  });

  it("shows what went wrong as such", () => {
    expect(toneOf(event("parcel", { state: "EXCEPTION_WEATHER" }))).toBe("bad");
    expect(toneOf(event("refund_requested", { state: "rejected" }))).toBe("bad");
    expect([toneOf(event("parcel")), toneOf(event("refund_paid")), toneOf(event("trace"))]).toEqual(["parcel", "good", "document"]);
  });
});

describe("the dialog", () => {
  const done: AgentAction = {
    action_id: "x_1", conversation_id: "c_1", customer_id: "C1", agent: { agent_id: "a_1", display_name: "小周", role: "agent" }, action: "coupon", order_id: null,
    amount_fen: 2000, request: { reason: "晚到" }, before: {}, at: "2026-11-22T02:00:00Z", state: "done", after: { document_id: "E20261122000001", state: "issued" }, refusal: null,
  };
  const preview = { action: "coupon" as const, order_id: null, amount_fen: 2000, limit_fen: 3000, left_fen: 3000 };
  const carryOut = vi.fn();
  const previewAction = vi.fn();
  let dialog: VueWrapper;

  beforeEach(() => {
    HTMLDialogElement.prototype.showModal ??= function () { this.open = true; };
    setActivePinia(createPinia());
    carryOut.mockReset();
    previewAction.mockReset().mockResolvedValue(preview);
    provideCalls({ carryOut, previewAction });
    dialog = mount(ActionDialog, { props: { conversationId: "c_1", draft: newDraft("coupon") }, global: { plugins: [i18n] }, attachTo: document.body });
  });
  afterEach(() => dialog.unmount());

  async function fill(): Promise<void> {
    await dialog.get("input").setValue("20");
    await dialog.get("textarea").setValue("晚到");
    await submit();
  }
  async function submit(): Promise<void> {
    await dialog.get("form").trigger("submit");
    await flushPromises();
  }

  it("restates before anything is done, then shows the number", async () => {
    carryOut.mockResolvedValue(done);
    await submit();
    expect(dialog.text()).toContain("请填写金额");
    await fill();
    expect(previewAction).toHaveBeenCalledWith("c_1", { action: "coupon", reason: "晚到", amount_fen: 2000 });
    expect(carryOut).not.toHaveBeenCalled();
    expect(dialog.text()).toContain("¥20.00");
    expect(document.activeElement?.textContent).toBe("确认办理");
    await submit();
    expect(dialog.get("[data-number]").text()).toBe("E20261122000001");
    expect(dialog.emitted("done")).toHaveLength(1);
    // The desk has shown it to the customer: nothing is left to be said.
    expect(dialog.text()).toContain("券已经发到客户的聊天里");
    expect(dialog.findAll("button").map((button) => button.text())).not.toContain("放进回复");
  });

  it("asks again under the same id when nobody knows whether it was done", async () => {
    carryOut.mockRejectedValueOnce(new ApiError(503, "shop_unavailable", "")).mockRejectedValueOnce(new ApiError(0, "timed_out", "")).mockResolvedValue(done);
    await fill();
    await submit();
    expect(dialog.text()).toContain("不会办两次");
    expect(dialog.findAll("button").find((button) => button.text() === "返回修改")!.attributes("disabled")).toBeDefined();
    await submit();
    await submit();
    expect(new Set(carryOut.mock.calls.map((call) => call[1])).size).toBe(1);
    expect(dialog.get("[data-number]").text()).toBe("E20261122000001");
  });

  it("says the limit and the way when it is beyond the authority", async () => {
    previewAction.mockRejectedValue(new ApiError(403, "over_authority", "", null, { amount_fen: 99900, limit_fen: 2000, left_fen: 500 }));
    await fill();
    expect(dialog.get("[role=alert]").text()).toBe("超出您的权限：上限 ¥20.00，还可用 ¥5.00，这次是 ¥999.00。请主管接管会话后办理。");
    expect(carryOut).not.toHaveBeenCalled();
  });

  it("tells the shop's reason, and a new try is a new request", async () => {
    carryOut.mockRejectedValue(new ApiError(409, "shop_refused", "", null, { reason: "return_expired" }));
    await fill();
    await submit();
    expect(dialog.get("[role=alert]").text()).toBe("商城没有受理：退换期已过");
    await dialog.findAll("button").find((button) => button.text() === "返回修改")!.trigger("click");
    await submit();
    await submit();
    expect(new Set(carryOut.mock.calls.map((call) => call[1])).size).toBe(2);
  });
});
