/** Earlier conversations and the transcript: asked for with the right bearer, shown read only, gone with the customer. */

import { createTranslate, loadMessages, TRANSLATE } from "@baton/shared";
import { flushPromises, mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Chat } from "../src/frame/chat";
import { nameIn } from "../src/frame/more/archive";
import HistoryPanel from "../src/frame/more/HistoryPanel.vue";
import MoreMenu from "../src/frame/more/MoreMenu.vue";
import words from "../src/frame/more/words.json";
import queueWords from "../src/frame/queue.json";
import ratingWords from "../src/frame/rating.json";

const t = createTranslate(await loadMessages("zh-CN"));
const global = { provide: { [TRANSLATE as symbol]: t } };
const chatOf = (signedIdentity: string | null) =>
  ({ signedIdentity, access: { conversation: "c_now", token: "ct_now" }, accessTo: () => null, state: { limits: null } }) as unknown as Chat;
const entry = (id: string) => ({
  conversation_id: id, state: "closed", created_at: "2026-11-20T02:00:00Z", updated_at: "2026-11-20T02:10:00Z",
  topic: id === "c_1" ? "物流" : "", first_words: `第一句 ${id}`, outcome: "solved", outcome_text: "已解决",
});
const said = { conversation: "c_1", seq: 1, type: "message", sender: "agent", message_id: "m_1", text: "给您补发了", at: "2026-11-20T02:00:00Z", agent: { display_name: "小周" }, buttons: [{ title: "好", payload: "/affirm" }] };

let asked: { url: string; bearer: string | null }[];
let answers: Record<string, () => Response>;

beforeEach(() => {
  asked = [];
  answers = {
    "/customers/me/conversations": () => Response.json({ conversations: [entry("c_now"), entry("c_1"), entry("c_2")], next: null }),
    "/conversations/c_1/events": () => Response.json({ events: [said] }),
  };
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ url, bearer: new Headers(init.headers).get("Authorization") });
    const found = Object.keys(answers).find((path) => url.includes(path));
    return found ? answers[found]!() : new Response("", { status: 404 });
  });
});

describe("earlier conversations", () => {
  const panel = async () => {
    const wrapper = mount(HistoryPanel, { props: { chat: chatOf("v1.x.y") }, global, attachTo: document.body });
    await flushPromises();
    return wrapper;
  };

  it("are asked for with the identity, and the present one is not among them", async () => {
    const wrapper = await panel();
    expect(asked[0]!.bearer).toBe("Bearer v1.x.y");
    expect(wrapper.findAll(".past-row")).toHaveLength(2);
    expect(wrapper.text()).toContain("物流");
    expect(wrapper.text()).toContain("第一句 c_2");
    expect(wrapper.text()).toContain("已解决");
  });

  it("open to be read, and nothing in them can be pressed", async () => {
    const wrapper = await panel();
    await wrapper.find(".past-row").trigger("click");
    await flushPromises();
    expect(wrapper.text()).toContain("给您补发了");
    expect(wrapper.text()).toContain("小周");
    expect(wrapper.find(".b-button").exists()).toBe(false);
    await wrapper.find(".past-head .icon").trigger("click");
    expect(wrapper.find(".message").exists()).toBe(false);
    expect(wrapper.emitted("back")).toBeUndefined();
  });

  it("say so when there are none, and try again when they did not come", async () => {
    answers["/customers/me/conversations"] = () => Response.json({ error: { code: "identity_invalid", message: "" } }, { status: 401 });
    const wrapper = await panel();
    expect(wrapper.find("[role=alert]").text()).toContain("登录信息已过期");
    answers["/customers/me/conversations"] = () => Response.json({ conversations: [], next: null });
    await wrapper.find(".past-more").trigger("click");
    await flushPromises();
    expect(wrapper.text()).toContain("还没有历史会话");
  });
});

describe("the menu", () => {
  it("offers earlier conversations to a signed customer only", () => {
    expect(mount(MoreMenu, { props: { chat: chatOf("v1.x.y") }, global }).text()).toContain("历史会话");
    const visitor = mount(MoreMenu, { props: { chat: chatOf(null) }, global });
    expect(visitor.text()).not.toContain("历史会话");
    expect(visitor.text()).toContain("下载聊天记录");
  });

  it("remembers sound and large letters", async () => {
    const wrapper = mount(MoreMenu, { props: { chat: chatOf(null) }, global });
    const [sound, large] = wrapper.findAll("[role=menuitemcheckbox]");
    await sound!.trigger("click");
    await large!.trigger("click");
    expect([sound!.attributes("aria-checked"), large!.attributes("aria-checked")]).toEqual(["false", "true"]);
    expect([localStorage.getItem("baton.sound"), localStorage.getItem("baton.size")]).toEqual(["off", "large"]);
    expect(document.documentElement.dataset["size"]).toBe("large");
    await large!.trigger("click");
    expect(localStorage.getItem("baton.size")).toBeNull();
  });
});

it.each([
  ["attachment; filename=transcript.txt; filename*=UTF-8''%E8%81%8A%E5%A4%A9-20261122.txt", "聊天-20261122.txt"],
  ["attachment", "transcript.txt"],
])("reads the file's name out of %s", (header, name) => expect(nameIn(header)).toBe(name));

it.each([["menu", words], ["queue", queueWords], ["rating", ratingWords]])("the words of the %s are the same in every language", (_name, tree) => {
  const keys = (node: object): string[] => Object.entries(node).flatMap(([key, value]) => (typeof value === "object" ? keys(value as object).map((one) => `${key}.${one}`) : key)).sort();
  const languages = tree as Record<string, object>;
  for (const language of ["zh-TW", "en"]) expect(keys(languages[language]!)).toEqual(keys(languages["zh-CN"]!));
});
