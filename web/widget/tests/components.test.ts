/** The widget's components: the input method, the queue, the rating, a failed message. */

import { createTranslate, loadMessages, TRANSLATE, type ConversationStatus, type QueueInfo } from "@baton/shared";
import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import ChatComposer from "../src/frame/ChatComposer.vue";
import ChatHeader from "../src/frame/ChatHeader.vue";
import MessageList from "../src/frame/MessageList.vue";
import MessageRowView from "../src/frame/MessageRow.vue";
import QueueBanner from "../src/frame/QueueBanner.vue";
import RatingForm from "../src/frame/RatingForm.vue";
import type { MessageRow } from "../src/frame/timeline";

const t = createTranslate(await loadMessages("zh-CN"));
const global = { provide: { [TRANSLATE as symbol]: t } };

beforeEach(() => {
  sessionStorage.clear();
  vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener() {}, removeEventListener() {} }));
});

describe("composer", () => {
  const composer = (props = {}) =>
    mount(ChatComposer, { props: { agentName: null, canCallHuman: true, orderId: null, takesFiles: true, maxLength: 2000, files: null, ...props }, global, attachTo: document.body });

  it.each([
    ["Enter", { key: "Enter" }, true],
    ["Shift+Enter", { key: "Enter", shiftKey: true }, false],
    ["Enter that confirms pinyin", { key: "Enter", isComposing: true }, false],
    ["Enter that confirms pinyin in Safari", { key: "Enter", keyCode: 229 }, false],
    ["another key", { key: "a" }, false],
  ])("%s", async (_name, key, sends) => {
    const wrapper = composer();
    await wrapper.find("textarea").setValue("在吗");
    await wrapper.find("textarea").trigger("keydown", key);
    expect(wrapper.emitted("send")).toEqual(sends ? [["在吗"]] : undefined);
    expect(wrapper.find("textarea").element.value).toBe(sends ? "" : "在吗");
  });

  it("sends neither nothing nor too much", async () => {
    const wrapper = composer();
    for (const text of ["", " \n ", "长".repeat(2001)]) {
      await wrapper.find("textarea").setValue(text);
      await wrapper.find("form").trigger("submit");
    }
    expect(wrapper.emitted("send")).toBeUndefined();
    expect(wrapper.text()).toContain("已超出 1 字");
  });

  it("keeps a draft over a reload", async () => {
    const first = composer();
    await first.find("textarea").setValue("写到一半");
    first.unmount();
    expect(composer().find("textarea").element.value).toBe("写到一半");
  });

  it("puts an emoji where the cursor is", async () => {
    const wrapper = composer();
    await wrapper.find("textarea").setValue("好的吧");
    wrapper.find("textarea").element.setSelectionRange(2, 2);
    await wrapper.find("button[aria-expanded]").trigger("click");
    await vi.waitFor(() => expect(wrapper.find(".emoji").exists()).toBe(true), 15_000);
    await wrapper.find(".emoji button").trigger("click");
    expect(wrapper.find("textarea").element.value).toBe("好的😀吧");
  }, 20_000);

  it("takes as much as the desk says", async () => {
    const wrapper = composer({ maxLength: 5 });
    await wrapper.find("textarea").setValue("超过五个字");
    expect(wrapper.text()).not.toContain("已超出");
    await wrapper.find("textarea").setValue("超过五个字了");
    expect(wrapper.text()).toContain("已超出 1 字");
  });

  it("offers a person with one tap, and says which order it is about", async () => {
    const wrapper = composer({ orderId: "20261118000123" });
    expect(wrapper.text()).toContain("订单尾号 0123");
    await wrapper.find(".tool").trigger("click");
    expect(wrapper.emitted("human")).toHaveLength(1);
  });
});

describe("header", () => {
  const header = (status: ConversationStatus) => mount(ChatHeader, { props: { status }, global }).find("h1").text();

  const note = (status: ConversationStatus) => mount(ChatHeader, { props: { status }, global }).find(".head-note").text();

  it("calls a bot a bot and a person a person", () => {
    expect(header({ state: "bot", queue: null, agent: null })).toBe("小接机器人");
    expect(header({ state: "queued", queue: null, agent: null })).toBe("小接机器人");
    const waiting = { position: 1, expected_wait_seconds: null, on_duty: false };
    expect(note({ state: "queued", queue: waiting, agent: null })).not.toContain("转接");
    expect(note({ state: "bot", queue: waiting, agent: null })).toContain("人工位置留着");
    expect(header({ state: "active", queue: null, agent: { display_name: "小周" } })).toBe("小周人工");
  });
});

describe("queue", () => {
  const now = new Date("2026-11-22T14:00:00Z");
  const banner = (queue: QueueInfo | null, more = {}) => mount(QueueBanner, { props: { queue, now, ...more }, global });

  it.each([
    ["closed: the time of the opening", { next_open_at: "2026-11-23T00:00:00Z" }, "人工客服 明天 08:00 上班"],
    ["open, yet nobody there: no time", { next_open_at: null }, "人工客服暂时不在线"],
    ["with a number left", { next_open_at: null, contact: "138****8000" }, "联系电话 138****8000 已记下"],
  ])("promises no wait while nobody is there (%s)", (_name, queue, words) => {
    const text = banner({ position: 2, expected_wait_seconds: 60, on_duty: false, ...queue }).text();
    expect(text).toContain(words);
    for (const claim of ["预计", "前面还有", "接通"]) expect(text).not.toContain(claim);
  });

  it("says that the place is kept while the bot answers", () => {
    expect(banner({ position: 2, expected_wait_seconds: 60, on_duty: true }, { withBot: true }).text()).toContain("人工位置给您留着");
  });

  it.each([
    [{ position: 1, expected_wait_seconds: 30 }, ["下一位就是您", "不到 1 分钟"]],
    [{ position: 3, expected_wait_seconds: 130 }, ["前面还有 2 位", "约 3 分钟"]],
    [{ position: 2, expected_wait_seconds: null }, ["前面还有 1 位"]],
  ])("%j", (queue, words) => {
    const text = banner(queue).text();
    for (const word of words) expect(text).toContain(word);
    expect(text.includes("预计")).toBe(queue.expected_wait_seconds !== null);
  });

  it("asks for a number while nobody is there, and hands over only one that can be called", async () => {
    const wrapper = banner({ position: 1, expected_wait_seconds: null, on_duty: false, next_open_at: null });
    await wrapper.find("input").setValue("12345");
    await wrapper.find("form").trigger("submit");
    expect(wrapper.text()).toContain("请填 11 位手机号");
    await wrapper.find("input").setValue("+86 138-1234-5678");
    await wrapper.find("form").trigger("submit");
    expect(wrapper.emitted("contact")).toEqual([["我的电话是 13812345678"]]);
    expect(banner({ position: 1, expected_wait_seconds: 5 }).find("form").exists()).toBe(false);
    expect(banner({ position: 1, expected_wait_seconds: null, on_duty: false, contact: "138****8000" }).find("form").exists()).toBe(false);
  });

  it("can be left", async () => {
    const wrapper = banner(null);
    await wrapper.find("button").trigger("click");
    expect(wrapper.emitted("cancel")).toHaveLength(1);
  });
});

describe("rating", () => {
  it("asks why according to the stars and sends codes and comment", async () => {
    const wrapper = mount(RatingForm, { global });
    expect(wrapper.find("[type=submit]").exists()).toBe(false);
    await wrapper.findAll("input[type=radio]")[4]!.trigger("change");
    await wrapper.findAll(".reason")[0]!.trigger("click");
    await wrapper.findAll("input[type=radio]")[1]!.trigger("change");
    expect(wrapper.text()).toContain("不满意");
    await wrapper.findAll(".reason")[1]!.trigger("click");
    await wrapper.find("textarea").setValue(" 等了十分钟 ");
    await wrapper.find("form").trigger("submit");
    expect(wrapper.emitted("rate")).toEqual([[2, ["slow"], "等了十分钟"]]);
  });
});

describe("a message of one's own", () => {
  const row: MessageRow = {
    kind: "message", key: "cid", sender: "customer", name: null, text: "在吗", card: null, files: [], buttons: [], active: false,
    at: "2026-11-22T02:00:00Z", first: true, last: true, delivery: "failed", errorCode: null, read: false,
  };
  const message = (change: Partial<MessageRow>) => mount(MessageRowView, { props: { row: { ...row, ...change }, now: new Date() }, global });

  it("says that a person has read it, and nothing before", () => {
    expect(message({ delivery: null }).text()).not.toContain("已读");
    expect(message({ delivery: null, read: true }).text()).toContain("已读");
  });

  it("can be sent again when it failed", async () => {
    const wrapper = message({});
    expect(wrapper.text()).toContain("发送失败，点此重发");
    await wrapper.find(".undelivered button").trigger("click");
    expect(wrapper.emitted("retry")).toHaveLength(1);
  });

  it("says why it was refused, in words for every code", async () => {
    const wrapper = message({ errorCode: "message_too_long" });
    expect(wrapper.text()).toContain("2000 字以内");
    await wrapper.find(".undelivered button").trigger("click");
    expect(wrapper.emitted("discard")).toHaveLength(1);
    expect(message({ errorCode: "never_heard_of" }).text()).toContain("出了点问题");
  });
});

describe("the list follows the end", () => {
  /** jsdom lays nothing out: heights are given, and scrolling is what a browser would report. */
  function list() {
    const wrapper = mount(MessageList, { props: { rows: [], now: new Date(), typing: false, loading: false, open: true }, global, attachTo: document.body });
    const element = wrapper.get<HTMLElement>("[role=log]").element;
    const place = { height: 500, top: 0 };
    Object.defineProperties(element, {
      clientHeight: { get: () => 500 },
      scrollHeight: { get: () => place.height },
      scrollTop: { get: () => place.top, set: (top: number) => (place.top = Math.max(0, Math.min(top, place.height - 500))) },
    });
    const scroll = async (top: number) => {
      element.scrollTop = top;
      await wrapper.get("[role=log]").trigger("scroll");
    };
    const come = async (text: string, pixels: number) => {
      place.height += pixels;
      await wrapper.setProps({ rows: [...wrapper.props("rows"), { kind: "system", key: text, text, active: false, buttons: [] }] as never });
      await wrapper.vm.$nextTick();
    };
    return { wrapper, place, scroll, come, atEnd: () => place.height - place.top - 500 < 80 };
  }

  it("also when something came before the browser told of our own scrolling", async () => {
    const { wrapper, place, scroll, come, atEnd } = list();
    await come("同事上线了", 400);
    place.height += 300; // a card unfolds, and only now the event of the scrolling before arrives
    await scroll(place.top);
    await come("您好，我是小周", 120);
    expect(atEnd()).toBe(true);
    expect(wrapper.emitted("seen")!.length).toBeGreaterThan(1);
    wrapper.unmount();
  });

  it("until the customer moves up to read", async () => {
    const { wrapper, place, scroll, come, atEnd } = list();
    await come("同事上线了", 900);
    await scroll(place.top); // the browser tells of our own scrolling
    await scroll(place.top - 300);
    await come("您好，我是小周", 120);
    expect(atEnd()).toBe(false);
    await scroll(10_000);
    await come("还在吗", 120);
    expect(atEnd()).toBe(true);
    wrapper.unmount();
  });
});
