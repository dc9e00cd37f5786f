/** Files before and after sending: what is taken, how large it is drawn, and a batch that fails half-way. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { DeskError, Outbox, type Attachment } from "../src";
import { DEFAULT_LIMITS, FileBatch, filesIn, fitInto, formatBytes, kindOf, limitWords, refusalOf, retryable, thumbnailBox, worthShrinking } from "../src/files";
import words from "../src/locales/files.json";

const MB = 1024 * 1024;
const file = (name: string, type = "image/jpeg", size = 10): File => new File([new Uint8Array(size)], name, { type });
const attachment = (id: string): Attachment => ({ id, kind: "image", name: `${id}.jpg`, bytes: 1, url: `/${id}` });

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:x");
  URL.revokeObjectURL = vi.fn();
});

describe("rules", () => {
  it.each([
    ["image/jpeg", 100, null],
    ["image/svg+xml", 100, "attachment_type_refused"],
    ["image/heic", 100, "attachment_type_refused"],
    ["", 100, "attachment_type_refused"],
    ["image/png", 0, "attachment_empty"],
    ["image/png", 10 * MB + 1, "attachment_too_large"],
    ["video/mp4", 50 * MB, null],
    ["application/pdf", 11 * MB, "attachment_too_large"],
  ])("%s of %d bytes: %s", (type, bytes, code) => expect(refusalOf(type, bytes)).toBe(code));

  it("goes by what the desk takes, once it has said", () => {
    const limits = { ...DEFAULT_LIMITS, types: ["image/jpeg"], image_bytes: 5, a_message: 1 };
    expect([refusalOf("image/jpeg", 5, limits), refusalOf("image/jpeg", 6, limits), refusalOf("video/mp4", 1, limits)]).toEqual([
      null, "attachment_too_large", "attachment_type_refused",
    ]);
    const batch = new FileBatch(vi.fn(), undefined, () => limits);
    batch.add([file("a.jpg"), file("b.jpg")]);
    expect([batch.items.length, batch.notice.code]).toEqual([1, "attachments_too_many"]);
    expect(limitWords({ ...DEFAULT_LIMITS, video_bytes: 20 * MB })).toEqual({ count: 6, image: 10, video: 20, document: 10 });
  });

  it("knows kinds and what is worth making smaller", () => {
    expect([kindOf("image/gif"), kindOf("video/mp4"), kindOf("application/pdf"), kindOf("text/html")]).toEqual(["image", "video", "document", null]);
    expect([worthShrinking("image/jpeg", 3 * MB), worthShrinking("image/jpeg", MB), worthShrinking("image/gif", 3 * MB)]).toEqual([true, false, false]);
  });

  it("draws without enlarging, and keeps a place before the picture is there", () => {
    expect(fitInto(4000, 3000, 2560)).toEqual({ width: 2560, height: 1920 });
    expect(fitInto(100, 50, 2560)).toEqual({ width: 100, height: 50 });
    expect(thumbnailBox(4000, 3000)).toEqual({ width: 220, height: 165 });
    expect(thumbnailBox(3000, 10)).toEqual({ width: 220, height: 72 });
    expect(thumbnailBox(undefined, undefined)).toEqual({ width: 160, height: 120 });
    expect([formatBytes(1), formatBytes(350_000), formatBytes(2.5 * MB)]).toEqual(["1 kB", "342 kB", "2.5 MB"]);
  });

  it("has the same words in every language", () => {
    const keys = (tree: object): string[] => Object.entries(tree).flatMap(([key, value]) => (typeof value === "object" ? keys(value as object).map((one) => `${key}.${one}`) : key));
    expect(keys(words["zh-TW"])).toEqual(keys(words["zh-CN"]));
    expect(keys(words.en)).toEqual(keys(words["zh-CN"]));
  });
});

describe("a batch", () => {
  const same = (blob: Blob): Promise<Blob> => Promise.resolve(blob);

  it("waits a moment where the desk asks for one, and says how long where it is more", async () => {
    const refused = (seconds: number) => new DeskError("attachments_busy", 429, "", seconds);
    const upload = vi.fn().mockRejectedValueOnce(refused(0.01)).mockResolvedValueOnce(attachment("a")).mockRejectedValueOnce(refused(600));
    const batch = new FileBatch(upload, same);
    batch.add([file("a.jpg")]);
    expect(await batch.deliver(vi.fn())).toBe(true);
    batch.add([file("b.jpg")]);
    expect(await batch.deliver(vi.fn())).toBe(false);
    expect(batch.notice.waitSeconds).toBe(600);
    expect(upload).toHaveBeenCalledTimes(3);
  });

  it("is uploaded in order, handed over once, and empty again", async () => {
    const upload = vi.fn((_file: Blob, name: string, progress: (share: number) => void) => {
      progress(0.5);
      return Promise.resolve(attachment(name));
    });
    const batch = new FileBatch(upload, same);
    batch.add([file("a.jpg"), file("b.pdf", "application/pdf")]);
    const sent = vi.fn();
    expect(await batch.deliver(sent)).toBe(true);
    expect(sent.mock.calls).toEqual([[[attachment("a.jpg"), attachment("b.pdf")]]]);
    expect(batch.items).toHaveLength(0);
    expect(await batch.deliver(sent)).toBe(false);
  });

  it("keeps what went through when one fails, and sends it only once", async () => {
    let broken = true;
    const upload = vi.fn((_file: Blob, name: string) =>
      broken && name === "b.jpg" ? Promise.reject(new DeskError("network", 0)) : Promise.resolve(attachment(name)),
    );
    const batch = new FileBatch(upload, same);
    batch.add([file("a.jpg"), file("b.jpg")]);
    const sent = vi.fn();
    expect(await batch.deliver(sent)).toBe(false);
    expect(sent).not.toHaveBeenCalled();
    expect(batch.items.map(({ state }) => state)).toEqual(["done", "failed"]);
    expect(retryable(batch.items[1]!)).toBe(true);
    expect(batch.sendable).toBe(true);
    broken = false;
    expect(await batch.deliver(sent)).toBe(true);
    expect(upload.mock.calls.map((call) => call[1])).toEqual(["a.jpg", "b.jpg", "b.jpg"]);
  });

  it("cannot go while something in it is refused, and says why", async () => {
    const batch = new FileBatch(() => Promise.reject(new DeskError("attachment_damaged", 422)), same);
    batch.add([file("a.svg", "image/svg+xml")]);
    expect(batch.sendable).toBe(false);
    batch.remove(batch.items[0]!.key);
    batch.add([file("broken.jpg")]);
    expect(await batch.deliver(vi.fn())).toBe(false);
    expect(batch.items[0]).toMatchObject({ state: "failed", errorCode: "attachment_damaged" });
    expect([retryable(batch.items[0]!), batch.sendable]).toEqual([false, false]);
  });

  it("holds six files at most and forgets its previews", () => {
    const batch = new FileBatch(() => Promise.resolve(attachment("x")), same);
    batch.add(Array.from({ length: 9 }, (_, index) => file(`${index}.jpg`)));
    expect(batch.items).toHaveLength(6);
    expect(batch.notice.code).toBe("attachments_too_many");
    batch.clear();
    expect(URL.revokeObjectURL).toHaveBeenCalledTimes(6);
    expect(filesIn(null)).toEqual([]);
  });
});

it("files stay with an unconfirmed message over a reload", () => {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  new Outbox("k", storage).add({ cid: "1", text: "", at: "2026-11-22T02:00:00Z", state: "sending", attachments: [attachment("f_1")] });
  expect(new Outbox("k", storage).unconfirmed[0]?.attachments).toEqual([attachment("f_1")]);
});
