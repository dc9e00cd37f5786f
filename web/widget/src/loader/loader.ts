/**
 * What a shop embeds: draws the launcher, opens the chat in a frame of the desk's origin, and passes on who the
 * customer is and what they look at. `Baton(command, value)` may be called before this file has loaded.
 * At most 2 kB compressed, hence a little terser than elsewhere.
 */

import css from "./loader.css?raw";
import { readStore, writeStore } from "./store";
import words from "./words.json";

type Dict = Record<string, unknown>;
type Listener = (count: number) => void;
interface Baton {
  (command: string, value?: unknown): void;
  q?: ArrayLike<unknown>[];
  loaded?: boolean;
}

const PHONE_PX = 520;
const SVG = "http://www.w3.org/2000/svg";
const BUBBLE =
  "M14 4C8 4 3 8 3 13c0 3 1.5 5.5 4 7.2L6 24l5-2c7.6 1.3 14-3.3 14-9S20 4 14 4zM8 12h3v3H8zm5 0h3v3h-3zm5 0h3v3h-3z";

const shop = window as unknown as { Baton?: Baton };
const script = document.currentScript as HTMLScriptElement | null;
const before = shop.Baton || ({} as Baton);

if (script && !before.loaded) start(script);

function start(script: HTMLScriptElement): void {
  const origin = new URL(script.src).origin;
  const site = script.dataset["site"] || "";
  const key = "baton." + site;
  const context: Dict = {};
  const listeners: Listener[] = [];
  let page: unknown;
  let frame: HTMLIFrameElement | undefined;
  let ready = false;
  let open = false;

  const make = (tag: string) => document.createElement(tag);
  const host = make("baton-launcher");
  const root = host.attachShadow({ mode: "closed" });
  const box = root.appendChild(make("div"));
  const button = box.appendChild(make("button"));
  const badge = make("b");

  function draw(): void {
    // Inline and important: no style sheet of the shop, however hostile, comes above it.
    host.style.cssText = "all:initial!important;position:fixed!important;z-index:2147483000!important";
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
    } catch (_olderBrowser) {
      root.appendChild(make("style")).textContent = css;
    }
    const icon = button.appendChild(document.createElementNS(SVG, "svg"));
    const path = icon.appendChild(document.createElementNS(SVG, "path"));
    path.setAttribute("d", BUBBLE);
    path.setAttribute("fill", "#fff");
    button.append(badge);
    button.onclick = () => show(true);
    // Whoever points at it is about to click: the chat is fetched meanwhile, and starts nothing by itself.
    button.onpointerenter = createFrame;
    label(0);
    // Beside the body, so that single-page shops that redraw the body keep it.
    document.documentElement.append(host);
  }

  function label(unread: number): void {
    const title = (words as Dict)[context["locale"] as string] || words["zh-CN"];
    badge.hidden = !unread;
    badge.textContent = "" + unread;
    button.setAttribute("aria-label", title + (unread ? ` (${unread})` : ""));
    if (frame) frame.title = title as string;
  }

  function createFrame(): void {
    if (frame) return;
    frame = make("iframe") as HTMLIFrameElement;
    frame.allow = "clipboard-write";
    // The origin goes behind the #: the frame talks with this page and no other.
    frame.src = `${origin}/widget/frame?site=${site}#${location.origin}`;
    box.append(frame);
    label(0);
  }

  function show(next: boolean): void {
    if (next) createFrame();
    if (!frame || open === next) return;
    open = next;
    dress();
    share();
    post("open", open);
    (open ? frame : button).focus();
  }

  function dress(): void {
    box.className = (context["position"] || "") + (open ? " open" : "");
  }

  function share(): void {
    // The address without its query, which may hold what is no business of the desk.
    context["page"] = Object.assign({ url: location.origin + location.pathname, title: document.title }, page);
    post("context", context);
  }

  function post(baton: string, value: unknown): void {
    if (ready) frame!.contentWindow!.postMessage({ baton, value }, origin);
  }

  function run(command: string, value: unknown): void {
    if (command === "open" || command === "close") show(command === "open");
    else if (command === "onunread") listeners.push(value as Listener);
    else if (command === "page") page = value;
    else if (command === "config") Object.assign(context, value);
    else context[command] = value;
    dress();
    button.hidden = context["launcher"] === false;
    box.style.setProperty("--y", (context["bottom"] || 24) + "px");
    share();
    if (context["preload"]) createFrame();
  }

  addEventListener("message", (event) => {
    if (!frame || event.origin !== origin || event.source !== frame.contentWindow) return;
    const { baton, value } = event.data;
    if (baton === "ready") {
      ready = true;
      post("session", readStore(key));
      share();
      post("open", open);
    }
    if (baton === "session") writeStore(key, value);
    if (baton === "close") show(false);
    if (baton === "unread") {
      label(value);
      listeners.forEach((listener) => listener(value));
    }
  });
  // Another tab has read, or begun anew.
  addEventListener("storage", (event) => event.key === key && post("session", event.newValue));
  addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  // Phones: the keyboard shrinks the visible part only; the frame follows it, so that the composer stays in sight.
  const visible = window.visualViewport;
  if (visible) {
    visible.onresize = () => {
      if (!frame) return;
      const small = innerWidth <= PHONE_PX && visible.height < innerHeight;
      frame.style.cssText = small ? `height:${visible.height}px;top:${visible.offsetTop}px` : "";
    };
  }

  draw();
  shop.Baton = Object.assign(run, { loaded: true });
  (before.q || []).forEach((call) => run(call[0] as string, call[1]));
  // A visitor who has a conversation hears of news without opening the chat; for others nothing is loaded.
  if (readStore(key)) createFrame();
}
