import { mount } from "@vue/test-utils";
import { describe, expect, it } from "vitest";
import example from "../../../contracts/examples/escalation_summary.json";
import MarkedText from "../src/components/chat/MarkedText.vue";
import { highlightPieces, wordsFor } from "../src/rules/highlight";
import { readSummary } from "../src/rules/summary";

const hits = (text: string, words: string[]) =>
  highlightPieces(text, words)
    .filter((piece) => piece.hit)
    .map((piece) => piece.text);

describe("pieces", () => {
  it("mark every occurrence and give the text back when joined", () => {
    const text = "太差了，真的太差，再也不买";
    expect(hits(text, ["太差", "再也不买"])).toEqual(["太差", "太差", "再也不买"]);
    expect(
      highlightPieces(text, ["太差"])
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  it("merge overlaps and neighbours", () => {
    expect(hits("再也不买了", ["再也不", "不买"])).toEqual(["再也不买"]);
  });

  it("match without regard to case and keep positions with letters that grow in lower case", () => {
    expect(hits("你们的APP垃圾", ["app"])).toEqual(["APP"]);
    expect(hits("İİ垃圾", ["垃圾"])).toEqual(["垃圾"]);
  });

  it("ignore empty words and empty text", () => {
    expect(hits("好", ["", "坏"])).toEqual([]);
    expect(highlightPieces("", ["好"])).toEqual([]);
  });
});

describe("words of a summary", () => {
  const summary = readSummary(example) ?? undefined;

  it("are marked only in the message that is their evidence", () => {
    expect(wordsFor("m_07", summary)).toEqual(["太差", "再也不买"]);
    expect(wordsFor("m_03", summary)).toEqual([]);
    expect(wordsFor("m_07", undefined)).toEqual([]);
  });
});

describe("the rendered text", () => {
  it("is made of text nodes: markup of a customer stays words", () => {
    const text = "<img src=x onerror=alert(1)>垃圾<b>";
    const wrapper = mount(MarkedText, { props: { text, words: ["垃圾", "<b>"] } });
    expect(wrapper.text()).toBe(text);
    expect(wrapper.findAll("mark").map((mark) => mark.text())).toEqual(["垃圾<b>"]);
    expect(wrapper.find("img").exists()).toBe(false);
  });

  it("links web addresses and nothing else", () => {
    const wrapper = mount(MarkedText, {
      props: { text: "看 https://shop.example/a 和 javascript:alert(1)", words: [] },
    });
    expect(wrapper.findAll("a").map((link) => link.attributes("href"))).toEqual(["https://shop.example/a"]);
  });
});
