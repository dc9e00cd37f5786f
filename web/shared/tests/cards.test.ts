/** Messages and cards as they are drawn: words as text, never as HTML. */

import { mount } from "@vue/test-utils";
import { describe, expect, it } from "vitest";
import { CardView, createTranslate, loadMessages, MessageButtons, MessageText, TRANSLATE, type Card } from "../src";

const t = createTranslate(await loadMessages("zh-CN"));
const now = new Date("2026-11-22T02:00:00Z");
const card = (value: Card, props: object = {}) =>
  mount(CardView, { props: { card: value, now, ...props }, global: { provide: { [TRANSLATE as symbol]: t } } });

describe("text", () => {
  it("shows markup as text and links only the web", () => {
    const wrapper = mount(MessageText, { props: { text: "<img src=x onerror=alert(1)> https://example.com/a javascript:alert(1)" } });
    expect(wrapper.find("img").exists()).toBe(false);
    expect(wrapper.text()).toContain("<img src=x onerror=alert(1)>");
    const links = wrapper.findAll("a");
    expect(links.map((link) => link.attributes("href"))).toEqual(["https://example.com/a"]);
    expect(links[0]!.attributes("rel")).toContain("noopener");
  });
});

describe("buttons", () => {
  it("tells which one was picked", async () => {
    const buttons = [{ title: "找人工", payload: "/request_human" }, { title: "我想退款", payload: "/request_return" }];
    const wrapper = mount(MessageButtons, { props: { buttons } });
    await wrapper.findAll("button")[1]!.trigger("click");
    expect(wrapper.emitted("pick")).toEqual([[buttons[1]]]);
  });
});

describe("cards", () => {
  it("order", () => {
    const text = card({
      type: "order", order_id: "20261118000123", status: "unshipped", status_text: "待发货", placed_at: "2026-11-21T02:11:00Z",
      amount_fen: 1299900, items: [{ title: "云听降噪耳机", sku_text: "月光白", quantity: 2 }], eta_text: "预计今天 18:00 前发出",
    }).text();
    for (const words of ["订单尾号 0123", "待发货", "昨天 10:11", "¥12,999.00", "云听降噪耳机", "月光白", "×2", "预计今天 18:00 前发出"]) {
      expect(text).toContain(words);
    }
  });

  it("order list: a tap answers with title and payload, an old list does not", async () => {
    const list: Card = {
      type: "order_list",
      orders: [{ order_id: "20261118000123", status_text: "运输中", placed_at: "2026-11-18T02:11:00Z", amount_fen: 39900, title: "耳机 等 2 件", payload: "/inform{}" }],
    };
    const wrapper = card(list);
    await wrapper.find("button").trigger("click");
    expect(wrapper.emitted("pick")).toEqual([[{ title: "耳机 等 2 件", payload: "/inform{}" }]]);
    expect(card(list, { disabled: true }).find("button").attributes("disabled")).toBeDefined();
  });

  it("logistics: where it stands, why it is late, folded events, the courier's phone", async () => {
    const wrapper = card({
      type: "logistics", order_id: "20261118000123", tracking_number: "SF1234567890123", carrier: "顺丰速运",
      steps: [{ text: "已发货", done: true }, { text: "运输中", done: true }, { text: "派送中", done: false }],
      events: ["一", "二", "三", "四"].map((text, index) => ({ at: `2026-11-2${1 - (index > 1 ? 1 : 0)}T10:20:00Z`, text })),
      anomaly_text: "杭州连日暴雨，车辆停运半天", eta_text: "预计明天 14:00 前送达", courier_phone: "13800000000",
    });
    expect(wrapper.find("[aria-current=step]").text()).toContain("运输中");
    expect(wrapper.text()).toContain("杭州连日暴雨，车辆停运半天");
    expect(wrapper.findAll(".b-track-event")).toHaveLength(3);
    expect(wrapper.find("a").attributes("href")).toBe("tel:13800000000");
    await wrapper.find("footer button").trigger("click");
    expect(wrapper.findAll(".b-track-event")).toHaveLength(4);
  });

  it("refund and points", () => {
    const refund = card({ type: "refund", refund_id: "R1", order_id: "20261118000123", amount_fen: 39900, steps: [{ text: "已申请", done: true }], eta_text: "预计 11月25日 前到账" });
    expect(refund.text()).toContain("¥399.00");
    const points = card({ type: "points", balance: 2680, lots: [{ points: 300, expires_at: "2026-12-31T15:59:59Z" }] });
    expect(points.text()).toContain("2,680");
    expect(points.text()).toContain("300 分将于 12月31日 到期");
  });

  it("coupons: worth, condition, end in Shanghai's time, state", () => {
    const one = { coupon_id: "K1", title: "美妆满200减20", discount_fen: 2000, threshold_fen: 20000, scope_text: "限美妆类商品", valid_from: "2026-11-01T00:00:00Z", expires_at: "2026-12-31T15:59:00Z" };
    const wrapper = card({
      type: "coupons",
      coupons: [
        { ...one, state: "usable" },
        { ...one, coupon_id: "K2", threshold_fen: 0, discount_fen: 990, scope_text: null, state: "upcoming", valid_from: "2026-11-30T16:00:00Z" },
        { ...one, coupon_id: "K3", state: "used", used_order_id: "20261118000123" },
        { ...one, coupon_id: "K4", state: "expired" },
      ],
    });
    const [usable, upcoming, used, expired] = wrapper.findAll(".b-coupon").map((item) => item.text());
    expect(usable).toMatch(/¥20(?!\d).*美妆满200减20.*满 ¥200 可用 · 限美妆类商品.*12月31日 23:59 到期.*可使用/s);
    expect(upcoming).toMatch(/¥9\.90.*无门槛.*12月1日 起，12月31日 23:59 到期.*未开始/s);
    expect(used).toMatch(/用在尾号 0123 的订单.*已使用/s);
    expect(expired).toContain("已过期");
  });

  it("form: how far it is, and the ways back and out while the question is open", async () => {
    const back = { title: "上一步", payload: '/inform{"choice":"back"}' };
    const form: Card = { type: "form", title: "开发票", step: 2, steps: 3, actions: [back, { title: "不办了", payload: '/inform{"choice":"stop"}' }] };
    const wrapper = card(form);
    expect(wrapper.text()).toContain("第 2 步，共 3 步");
    await wrapper.findAll("button")[0]!.trigger("click");
    expect(wrapper.emitted("pick")).toEqual([[back]]);
    expect(card(form, { disabled: true }).findAll("button")).toHaveLength(0);
  });

  it("an unknown card is shown by its text alone", () => {
    expect(card({ type: "hologram", text: "请看文字" }).text()).toBe("请看文字");
    expect(card({ type: "hologram" }).text()).toBe("这条消息需要新版本才能显示");
  });
});
