import { describe, expect, it, vi } from "vitest";
import { ApiError, createHttp } from "../src/api/http";
import en from "../src/locales/en.json";
import zh from "../src/locales/zh-CN.json";

function answering(status: number, body: string, headers: Record<string, string> = {}) {
  return vi.fn<typeof fetch>(async () => new Response(status === 204 ? null : body, { status, headers }));
}

describe("calls to the desk", () => {
  it("carry the console's header when they change something", async () => {
    const send = answering(200, "{}");
    const call = createHttp({ fetch: send });
    await call("POST", "/handoffs/h_1/claim", {});
    await call("GET", "/agents/me");
    const headers = send.mock.calls.map(([, init]) => new Headers(init?.headers).get("X-Baton-Console"));
    expect(headers).toEqual(["1", null]);
    expect(send.mock.calls[0]?.[0]).toBe("/api/v1/handoffs/h_1/claim");
    expect(send.mock.calls[0]?.[1]?.credentials).toBe("same-origin");
  });

  it("give the desk's code and words, and how long to wait", async () => {
    const call = createHttp({
      fetch: answering(429, '{"error":{"code":"too_many_attempts","message":"稍后再试"}}', {
        "Retry-After": "42",
      }),
    });
    await expect(call("POST", "/agents/login")).rejects.toMatchObject({
      status: 429,
      code: "too_many_attempts",
      message: "稍后再试",
      retryAfterSeconds: 42,
    });
  });

  it("understand a proxy's error page, a dead network and an unreadable answer", async () => {
    await expect(createHttp({ fetch: answering(502, "<html>") })("GET", "/x")).rejects.toMatchObject({
      code: "http_502",
    });
    await expect(createHttp({ fetch: answering(200, "<html>") })("GET", "/x")).rejects.toMatchObject({
      code: "unreadable_answer",
    });
    const dead = vi.fn<typeof fetch>(async () => {
      throw new TypeError("Failed to fetch");
    });
    await expect(createHttp({ fetch: dead })("GET", "/x")).rejects.toMatchObject({
      status: 0,
      code: "unreachable",
    });
    const slow = vi.fn<typeof fetch>(async () => {
      throw new DOMException("", "TimeoutError");
    });
    await expect(createHttp({ fetch: slow })("GET", "/x")).rejects.toBeInstanceOf(ApiError);
    await expect(createHttp({ fetch: slow })("GET", "/x")).rejects.toMatchObject({ code: "timed_out" });
  });

  it("say when the session is over", async () => {
    const onUnauthorized = vi.fn();
    const call = createHttp({ fetch: answering(401, '{"error":{"code":"unauthorized"}}'), onUnauthorized });
    await expect(call("GET", "/agents/me")).rejects.toMatchObject({ code: "unauthorized" });
    expect(onUnauthorized).toHaveBeenCalledOnce();
  });

  it("answer nothing for 204", async () => {
    await expect(createHttp({ fetch: answering(204, "") })("POST", "/agents/logout")).resolves.toBeUndefined();
  });
});

describe("the two languages", () => {
  const keys = (node: object, path = ""): string[] =>
    Object.entries(node).flatMap(([key, value]) =>
      typeof value === "object" ? keys(value as object, `${path}${key}.`) : [path + key],
    );

  it("have the same words and the same places in them", () => {
    expect(keys(en).sort()).toEqual(keys(zh).sort());
    const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort().join();
    const read = (node: object, key: string): string =>
      key.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], node) as string;
    for (const key of keys(zh)) expect([key, places(read(en, key))]).toEqual([key, places(read(zh, key))]);
  });
});
