/** Which files may be sent, how large they are drawn, what they are called in numbers. Pure. */

import type { Attachment, Limits } from "../protocol/types";

export type FileKind = Attachment["kind"];

/** What the desk takes (contracts/desk_http.md); no `image/*`, or phones would hand over HEIC. */
export const ACCEPTED = "image/jpeg,image/png,image/webp,image/gif,video/mp4,application/pdf";
export type FileLimits = Limits["attachments"];

const MEGABYTE = 1024 * 1024;
/**
 * Until the desk has told its settings (`limits` of the socket's welcome), its defaults. Checked here too, because a
 * browser shows no answer to an upload that is cut off.
 */
export const DEFAULT_LIMITS: FileLimits = {
  types: ACCEPTED.split(","),
  a_message: 6,
  image_bytes: 10 * MEGABYTE,
  video_bytes: 50 * MEGABYTE,
  document_bytes: 10 * MEGABYTE,
};
/** Photos above either are made smaller before they travel: a phone on the road sends 12 megapixels in a minute. */
const LIGHT_BYTES = 1.5 * MEGABYTE;
export const LONGEST_SIDE = 2560;

/** The file's kind, or null for what is not taken. */
export function kindOf(type: string): FileKind | null {
  if (!ACCEPTED.split(",").includes(type)) return null;
  if (type.startsWith("image/")) return "image";
  return type === "video/mp4" ? "video" : "document";
}

/** The error code for a file that cannot be sent; null when it can. */
export function refusalOf(type: string, bytes: number, limits: FileLimits = DEFAULT_LIMITS): string | null {
  const kind = kindOf(type);
  if (kind === null || !limits.types.includes(type)) return "attachment_type_refused";
  if (bytes === 0) return "attachment_empty";
  return bytes > limits[`${kind}_bytes`] ? "attachment_too_large" : null;
}

/** The limits as the words for a refusal name them: sizes in whole megabytes. */
export function limitWords(limits: FileLimits): Record<string, number> {
  const megabytes = (bytes: number) => Math.floor(bytes / MEGABYTE);
  const { image_bytes: image, video_bytes: video, document_bytes: document, a_message: count } = limits;
  return { count, image: megabytes(image), video: megabytes(video), document: megabytes(document) };
}

/** Whether a picture is worth making smaller before it is sent; an animation would stand still anyway. */
export function worthShrinking(type: string, bytes: number): boolean {
  return bytes > LIGHT_BYTES && kindOf(type) === "image" && type !== "image/gif";
}

/** Width and height inside a square of `side`, never enlarged. */
export function fitInto(width: number, height: number, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The box of a thumbnail: reserved before the picture is there, so that the list does not jump. Very long ones are cut. */
export function thumbnailBox(width: number | undefined, height: number | undefined): { width: number; height: number } {
  if (!width || !height) return { width: 160, height: 120 };
  const fitted = fitInto(width, height, 220);
  return { width: Math.max(72, fitted.width), height: Math.max(72, fitted.height) };
}

/** "340 kB", "2.4 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < MEGABYTE) return `${Math.max(1, Math.round(bytes / 1024))} kB`;
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
