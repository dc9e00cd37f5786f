/** Everything about files in one piece, fetched when the first file is picked or shown. */

import type { Credentials } from "../protocol/http";
import AttachmentList from "./AttachmentList.vue";
import { FileBatch } from "./batch";
import FileTray from "./FileTray.vue";
import styles from "./files.css?inline";
import type { FileLimits } from "./rules";
import { FileSource, uploader } from "./transfer";

export { AttachmentList, FileBatch, FileSource, FileTray, uploader };
export { filesIn, retryable, type Picked } from "./batch";
export { ACCEPTED, fitInto, formatBytes, DEFAULT_LIMITS, kindOf, limitWords, refusalOf, thumbnailBox, worthShrinking } from "./rules";
export type { Proof, Upload } from "./transfer";

/** All of it for the customer's side; `access` is asked for each address, because a conversation may be replaced. */
export function kitFor(access: (url?: string) => Credentials | null, limits: () => FileLimits | null | undefined) {
  const proof = (url?: string) => ({ baseUrl: "", headers: { Authorization: `Bearer ${access(url)?.token ?? ""}` } });
  const source = new FileSource(proof);
  const batch = new FileBatch((...file) => uploader(access()?.conversation ?? "", proof)(...file), undefined, limits);
  return { AttachmentList, FileTray, source, batch };
}

// A style sheet of its own would bring a loader for style sheets into the widget's first load.
const sheet = document.createElement("style");
sheet.textContent = styles;
document.head.append(sheet);
