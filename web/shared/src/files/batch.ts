/** Files that were picked and are not sent yet: looked at, taken out again, uploaded one after the other. */

import { reactive, shallowReactive } from "vue";
import { DeskError } from "../protocol/http";
import { newClientId } from "../protocol/ids";
import type { Attachment } from "../protocol/types";
import { DEFAULT_LIMITS, kindOf, refusalOf, type FileKind, type FileLimits } from "./rules";
import { shrunk } from "./shrink";
import type { Upload } from "./transfer";

const ATTEMPTS = 4;
const LONGEST_WAIT_SECONDS = 15;

export interface Picked {
  key: string;
  file: File;
  name: string;
  kind: FileKind | null;
  /** object URL of a picture */
  preview: string | null;
  state: "ready" | "uploading" | "done" | "failed";
  /** 0..1 */
  progress: number;
  errorCode: string | null;
  attachment: Attachment | null;
}

export class FileBatch {
  readonly items: Picked[] = shallowReactive([]);
  /** `attachments_too_many` when more were picked than one message carries */
  readonly notice = reactive<{ code: string | null; busy: boolean; waitSeconds: number }>({ code: null, busy: false, waitSeconds: 0 });

  constructor(
    private readonly upload: Upload,
    private readonly prepare: (file: Blob) => Promise<Blob> = shrunk,
    private readonly told: () => FileLimits | null | undefined = () => null,
  ) {}

  /** What the desk takes at this moment. */
  get limits(): FileLimits {
    return this.told() ?? DEFAULT_LIMITS;
  }

  add(files: readonly File[]): void {
    const most = this.limits.a_message;
    this.notice.code = this.items.length + files.length > most ? "attachments_too_many" : null;
    for (const file of files.slice(0, most - this.items.length)) this.items.push(picked(file, this.limits));
  }

  remove(key: string): void {
    const index = this.items.findIndex((item) => item.key === key);
    if (index === -1) return;
    forget(this.items[index]!);
    this.items.splice(index, 1);
    this.notice.code = null;
  }

  clear(): void {
    this.items.forEach(forget);
    this.items.splice(0);
    this.notice.code = null;
  }

  /** Whether there is something that can go: refused ones have to be taken out first. */
  get sendable(): boolean {
    return !this.notice.busy && this.items.length > 0 && this.items.every((item) => item.errorCode === null || retryable(item));
  }

  /** Uploads what is not there yet, in order; the attachments, or null when one failed (the others stay uploaded). */
  async uploaded(): Promise<Attachment[] | null> {
    if (!this.sendable) return null;
    this.notice.busy = true;
    try {
      for (const item of [...this.items]) {
        if (item.state !== "done" && !(await this.sent(item))) return null;
      }
      return this.items.flatMap(({ attachment }) => (attachment === null ? [] : [attachment]));
    } finally {
      this.notice.busy = false;
    }
  }

  /** Uploads, hands the attachments over and is empty again; false when something failed and all is kept. */
  async deliver(send: (attachments: Attachment[]) => void): Promise<boolean> {
    const attachments = await this.uploaded();
    if (attachments === null) return false;
    send(attachments);
    this.clear();
    return true;
  }

  private async sent(item: Picked): Promise<boolean> {
    Object.assign(item, { state: "uploading", progress: 0, errorCode: null });
    try {
      const body = await this.prepare(item.file);
      const refusal = refusalOf(body.type, body.size, this.limits);
      if (refusal !== null) throw new DeskError(refusal, 422);
      item.attachment = await this.patiently(body, item);
      Object.assign(item, { state: "done", progress: 1 });
      return true;
    } catch (error) {
      if (!(error instanceof DeskError)) throw error;
      Object.assign(item, { state: "failed", errorCode: error.code });
      this.notice.waitSeconds = error.retryAfterSeconds ?? 0;
      return false;
    }
  }

  /** Uploads; where the desk only asks for a moment (429), waits that long and tries again. */
  private async patiently(body: Blob, item: Picked): Promise<Attachment> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.upload(body, item.name, (share) => (item.progress = share));
      } catch (error) {
        const wait = error instanceof DeskError ? error.retryAfterSeconds : null;
        if (wait === null || wait > LONGEST_WAIT_SECONDS || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      }
    }
  }
}

/** The desk refused neither its type nor its content: the same file may go through the next time. */
export function retryable(item: Picked): boolean {
  return item.state === "failed" && !/^attachment_(type|too_large|empty|mismatch|damaged|picture)/.test(item.errorCode ?? "");
}

function picked(file: File, limits: FileLimits): Picked {
  const kind = kindOf(file.type);
  // A large photo is made smaller first, so only its type can be refused already.
  const refusal = kind === "image" && file.size > 0 ? null : refusalOf(file.type, file.size, limits);
  return reactive({
    key: newClientId(),
    file,
    name: file.name,
    kind,
    preview: kind === "image" ? URL.createObjectURL(file) : null,
    state: refusal === null ? "ready" : "failed",
    progress: 0,
    errorCode: refusal,
    attachment: null,
  });
}

function forget(item: Picked): void {
  if (item.preview !== null) URL.revokeObjectURL(item.preview);
}

/** The files of a paste or a drop; an empty list when there are only words in it. */
export function filesIn(data: DataTransfer | null): File[] {
  return Array.from(data?.files ?? []);
}
