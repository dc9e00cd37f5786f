/** Files to and from the desk: up with progress, down as addresses a page can show. */

import { DeskError } from "../protocol/http";
import type { Attachment } from "../protocol/types";

/** Without any progress for so long an upload is given up. */
const STALLED_MS = 45_000;
const DOWNLOAD_TIMEOUT_MS = 60_000;
const MOST_KEPT = 80;

export type Upload = (file: Blob, name: string, onProgress: (share: number) => void) => Promise<Attachment>;

/** How one side proves who it is: a bearer token, or the console's cookie with its header. */
export interface Proof {
  baseUrl: string;
  headers: Record<string, string>;
}

/** Uploads to one conversation. Throws DeskError (`network` when it could not be reached or stalled). */
export function uploader(conversation: string, proof: () => Proof): Upload {
  return (file, name, onProgress) =>
    new Promise((resolve, reject) => {
      const { baseUrl, headers } = proof();
      const request = new XMLHttpRequest();
      let timer = 0;
      const alive = () => {
        clearTimeout(timer);
        timer = window.setTimeout(() => request.abort(), STALLED_MS);
      };
      const path = `/api/v1/conversations/${encodeURIComponent(conversation)}/attachments`;
      request.open("POST", `${baseUrl}${path}?name=${encodeURIComponent(name)}`);
      for (const [key, value] of Object.entries(headers)) request.setRequestHeader(key, value);
      request.setRequestHeader("Content-Type", file.type);
      request.upload.onprogress = ({ loaded, total }) => {
        alive();
        onProgress(total > 0 ? loaded / total : 0);
      };
      request.onloadend = () => {
        clearTimeout(timer);
        const answer = parsed(request.responseText);
        if (request.status === 201 && answer.attachment) resolve(answer.attachment);
        else reject(refusal(request, answer));
      };
      alive();
      request.send(file);
    });
}

interface Answer {
  attachment?: Attachment;
  error?: { code?: string };
}

function refusal(request: XMLHttpRequest, answer: Answer): DeskError {
  const { status } = request;
  const wait = status === 429 ? Math.max(1, Number(request.getResponseHeader("Retry-After")) || 5) : null;
  return new DeskError(status === 0 ? "network" : (answer.error?.code ?? "unknown"), status, "", wait);
}

function parsed(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {}; // a proxy's error page, or nothing at all
  }
}

/** Gives object URLs for files that need a proof of identity; the newest few are kept. */
export class FileSource {
  private readonly kept = new Map<string, Promise<string>>();

  /** `proof` is asked for each address: an earlier conversation may need another one. */
  constructor(private readonly proof: (url: string) => Proof) {}

  /** An address for `<img src>`. Throws DeskError. */
  address(url: string): Promise<string> {
    const known = this.kept.get(url);
    if (known !== undefined) return known;
    const address = this.fetched(url).then((blob) => URL.createObjectURL(blob));
    this.kept.set(url, address);
    address.catch(() => this.kept.delete(url)); // so that a tap can try again
    this.forgetOldest();
    return address;
  }

  /** Lets the browser save a file under its name. Throws DeskError. */
  async save(file: Attachment): Promise<void> {
    const link = document.createElement("a");
    link.href = await this.address(file.url);
    link.download = file.name;
    link.click();
  }

  private forgetOldest(): void {
    if (this.kept.size <= MOST_KEPT) return;
    const [url, address] = this.kept.entries().next().value!;
    this.kept.delete(url);
    address.then((old) => URL.revokeObjectURL(old), () => undefined);
  }

  private async fetched(url: string): Promise<Blob> {
    const { baseUrl, headers } = this.proof(url);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), DOWNLOAD_TIMEOUT_MS);
    try {
      const response = await fetch(baseUrl + url, { headers, credentials: "same-origin", signal: controller.signal });
      if (!response.ok) throw new DeskError("attachment_unknown", response.status);
      return await response.blob();
    } catch (error) {
      if (error instanceof DeskError) throw error;
      throw new DeskError("network", 0, String(error));
    } finally {
      clearTimeout(timer);
    }
  }
}
