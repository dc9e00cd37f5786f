/** What can be taken back: sent once after the pause, at once when the page is left, never when taken back. */

import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/http";
import { useConversations } from "../src/stores/conversations";
import { useLink } from "../src/stores/link";
import { UNDO_MS, useUndo, type UndoListener } from "../src/stores/undo";
import { FakeSocket, message } from "./helpers";

const heard = { onDone: vi.fn(), onFailed: vi.fn(), onHeld: vi.fn() } satisfies UndoListener;
const run = vi.fn<() => Promise<unknown>>();

function resolving(conversationId = "c_1") {
  const undo = useUndo();
  undo.begin({ kind: "resolve", conversationId, name: "王*", run });
  return undo;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetAllMocks();
  localStorage.clear();
  sessionStorage.clear();
  FakeSocket.made = [];
  setActivePinia(createPinia());
  useLink().start({ createSocket: FakeSocket.create, url: "ws://desk" });
  useUndo().listen(heard);
  run.mockResolvedValue({});
});
afterEach(() => {
  useLink().stop();
  vi.useRealTimers();
});

describe("an act that can be taken back", () => {
  it("is sent once, after the pause", async () => {
    const undo = resolving();
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    expect(run).not.toHaveBeenCalled();
    expect(undo.of("c_1")).toMatchObject({ kind: "resolve", sent: false });
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledOnce();
    expect(heard.onDone).toHaveBeenCalledOnce();
    expect(undo.acts).toEqual([]);
    await undo.flush();
    expect(run).toHaveBeenCalledOnce();
  });

  it("is not sent when taken back", async () => {
    const undo = resolving();
    undo.takeBack(undo.latest()!.id);
    await vi.advanceTimersByTimeAsync(UNDO_MS * 2);
    expect(run).not.toHaveBeenCalled();
    expect(undo.of("c_1")).toBeNull();
  });

  it("is sent at once when the page is left", async () => {
    resolving();
    window.dispatchEvent(new Event("pagehide"));
    await vi.advanceTimersByTimeAsync(0);
    expect(run).toHaveBeenCalledOnce();
  });

  it("cannot be taken back, nor decided again, while it is on its way", async () => {
    let answer: (value: unknown) => void = () => undefined;
    run.mockReturnValue(new Promise((done) => (answer = done)));
    const undo = resolving();
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    undo.takeBack(undo.acts[0]!.id);
    resolving();
    expect(undo.acts).toHaveLength(1);
    expect(undo.latest()).toBeNull();
    answer({});
    await vi.advanceTimersByTimeAsync(0);
    expect(heard.onDone).toHaveBeenCalledOnce();
    expect(undo.acts).toEqual([]);
  });

  it("says when the desk refuses it, and is over then", async () => {
    const refusal = new ApiError(409, "not_owner", "");
    run.mockRejectedValue(refusal);
    const undo = resolving();
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(heard.onFailed).toHaveBeenCalledWith(expect.objectContaining({ kind: "resolve" }), refusal);
    expect(undo.acts).toEqual([]);
  });

  it("is taken back by a customer who writes meanwhile, not by old messages of a first load", async () => {
    const feed = useConversations().follow("c_1");
    FakeSocket.last.welcome();
    const undo = resolving();
    FakeSocket.last.event(message(1));
    expect(undo.of("c_1")).not.toBeNull();
    feed.loaded = true;
    FakeSocket.last.event(message(2));
    expect(undo.of("c_1")).toBeNull();
    expect(heard.onHeld).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(run).not.toHaveBeenCalled();
  });
});
