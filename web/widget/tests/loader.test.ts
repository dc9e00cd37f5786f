/** The loader in a shop's page: queue, frame, exact origins, storage. */

import { beforeEach, describe, expect, it, vi } from "vitest";

const DESK = "https://desk.example";
type Baton = ((command: string, value?: unknown) => void) & { q?: unknown[][]; loaded?: boolean };
const shop = window as unknown as { Baton?: Baton };

let root: ShadowRoot;
let posted: { message: { baton: string; value: unknown }; origin: string }[];

async function load(): Promise<void> {
  const script = document.createElement("script");
  script.dataset["site"] = "demo";
  Object.defineProperty(script, "src", { value: `${DESK}/widget/loader.js` });
  vi.spyOn(document, "currentScript", "get").mockReturnValue(script);
  vi.resetModules();
  await import("../src/loader/loader");
}

function fromFrame(baton: string, value: unknown, origin = DESK, source: unknown = frame()?.contentWindow): void {
  window.dispatchEvent(Object.assign(new Event("message"), { data: { baton, value }, origin, source }));
}

/** The frame that was created; jsdom loads none, so its window is a stand-in that notes what it is told. */
function frame(): HTMLIFrameElement | null {
  const found = root.querySelector("iframe");
  if (found !== null && found.contentWindow === null) {
    const postMessage = (message: (typeof posted)[number]["message"], origin: string) =>
      // A clone, as the browser makes one: what changes later does not count.
      posted.push({ message: structuredClone(message), origin });
    Object.defineProperty(found, "contentWindow", { value: { postMessage } });
  }
  return found;
}

const last = (baton: string) => posted.filter(({ message }) => message.baton === baton).pop()?.message.value;

beforeEach(() => {
  vi.restoreAllMocks();
  document.querySelectorAll("baton-launcher").forEach((host) => host.remove());
  localStorage.clear();
  delete shop.Baton;
  posted = [];
  const attach = Element.prototype.attachShadow;
  vi.spyOn(Element.prototype, "attachShadow").mockImplementation(function (this: Element, init) {
    expect(init.mode).toBe("closed");
    root = attach.call(this, { mode: "open" });
    return root;
  });
});

describe("loader", () => {
  it("draws a launcher and loads nothing else before the first click", async () => {
    await load();
    expect(root.querySelector("button")?.getAttribute("aria-label")).toBe("在线客服");
    expect(frame()).toBeNull();
    expect(localStorage.length).toBe(0);
    root.querySelector("button")!.click();
    expect(frame()!.src).toBe(`${DESK}/widget/frame?site=demo#${location.origin}`);
  });

  it("carries out what was called before it had loaded, and survives being loaded twice", async () => {
    const stub: Baton = (...call: unknown[]) => void (stub.q = stub.q || []).push(call);
    shop.Baton = stub;
    stub("config", { locale: "en", position: "left" });
    stub("identity", "v1.x.y");
    stub("open");
    await load();
    const first = shop.Baton;
    await load();
    expect(shop.Baton).toBe(first);
    expect(document.querySelectorAll("baton-launcher")).toHaveLength(1);
    expect(root.querySelector("div")!.className).toBe("left open");
    frame();
    fromFrame("ready", null);
    expect(last("context")).toMatchObject({ identity: "v1.x.y", locale: "en", page: { url: location.origin + "/" } });
    expect(last("open")).toBe(true);
    expect(posted.every(({ origin }) => origin === DESK)).toBe(true);
  });

  it("hears only its own frame on the desk's origin", async () => {
    await load();
    shop.Baton!("open");
    frame();
    fromFrame("session", "stolen", "https://evil.example");
    fromFrame("session", "stolen", DESK, window);
    expect(localStorage.length).toBe(0);
    fromFrame("session", "mine");
    expect(localStorage.getItem("baton.demo")).toBe("mine");
    fromFrame("session", "");
    expect(localStorage.length).toBe(0);
  });

  it("brings a returning visitor's frame back, hands the session over and shows the unread count", async () => {
    localStorage.setItem("baton.demo", "kept");
    await load();
    const counts: number[] = [];
    shop.Baton!("onunread", (count: number) => counts.push(count));
    frame();
    fromFrame("ready", null);
    expect(last("session")).toBe("kept");
    expect(last("open")).toBe(false);
    fromFrame("unread", 3);
    expect(counts).toEqual([3]);
    expect(root.querySelector("b")!.textContent).toBe("3");
    expect(root.querySelector("b")!.hidden).toBe(false);
    expect(root.querySelector("button")!.getAttribute("aria-label")).toBe("在线客服 (3)");
  });

  it("closes on Escape and on the frame's wish, and gives the focus back", async () => {
    await load();
    shop.Baton!("open");
    frame();
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(root.querySelector("div")!.className).not.toContain("open");
    expect(root.activeElement).toBe(root.querySelector("button"));
    shop.Baton!("open");
    fromFrame("close", null);
    expect(root.querySelector("div")!.className).not.toContain("open");
  });

  it("falls back to a cookie where storage is forbidden", async () => {
    const forbidden = vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    const unreadable = vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    await load();
    shop.Baton!("open");
    frame();
    fromFrame("session", '{"token":"a;b"}');
    expect(document.cookie).toContain("baton.demo=");
    fromFrame("ready", null);
    expect(last("session")).toBe('{"token":"a;b"}');
    forbidden.mockRestore();
    unreadable.mockRestore();
  });

  it("shares the page without its query", async () => {
    history.replaceState(null, "", "/order?id=1&secret=2");
    await load();
    shop.Baton!("open");
    frame();
    fromFrame("ready", null);
    shop.Baton!("page", { order_id: "20261118000123" });
    expect(last("context")).toMatchObject({ page: { url: `${location.origin}/order`, order_id: "20261118000123" } });
    history.replaceState(null, "", "/");
  });
});
