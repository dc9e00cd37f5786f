/** Talks with the loader in the shop's page: exact origin both ways, and only with the window that embeds us. */

import type { Page, Theme } from "@baton/shared";

export interface ShopContext {
  identity?: string | null;
  page?: Page;
  product?: { product_id?: string; title?: string } | null;
  locale?: string;
  theme?: Theme;
}

export interface BridgeHandlers {
  onContext: (context: ShopContext) => void;
  /** What we had asked the loader to keep; null when nothing. */
  onSession: (session: string | null) => void;
  onOpen: (open: boolean) => void;
}

export interface Bridge {
  keepSession: (session: string | null) => void;
  unread: (count: number) => void;
  close: () => void;
}

const OWN_KEY = "baton.own";

/** `shopOrigin` is the origin that the loader put behind the # of our address. */
export function connectToShop(handlers: BridgeHandlers, shopOrigin: string): Bridge {
  if (window.parent === window) return standAlone(handlers);
  const post = (baton: string, value: unknown) => window.parent.postMessage({ baton, value }, shopOrigin);
  window.addEventListener("message", (event: MessageEvent) => {
    if (event.source !== window.parent || event.origin !== shopOrigin) return;
    const { baton, value } = (event.data ?? {}) as { baton?: string; value?: unknown };
    if (baton === "context") handlers.onContext((value ?? {}) as ShopContext);
    else if (baton === "session") handlers.onSession(typeof value === "string" ? value : null);
    else if (baton === "open") handlers.onOpen(value === true);
  });
  post("ready", null);
  return {
    keepSession: (session) => post("session", session ?? ""),
    unread: (count) => post("unread", count),
    close: () => post("close", null),
  };
}

/** Opened as a page of its own (a link in a text message, for example). */
function standAlone(handlers: BridgeHandlers): Bridge {
  const store = safeStorage("localStorage");
  queueMicrotask(() => {
    handlers.onSession(store?.getItem(OWN_KEY) ?? null);
    handlers.onContext({});
    handlers.onOpen(true);
  });
  return {
    keepSession: (session) => {
      if (session === null) store?.removeItem(OWN_KEY);
      else store?.setItem(OWN_KEY, session);
    },
    unread: () => undefined,
    close: () => undefined,
  };
}

/** Storage may be forbidden in a third-party frame: then there is none, and the page works without. */
export function safeStorage(kind: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return window[kind];
  } catch {
    return null;
  }
}
