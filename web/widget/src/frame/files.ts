/** Files come with their first use: whoever only writes never fetches the code for them. */

import { shallowRef } from "vue";
import type { Chat } from "./chat";

type Files = typeof import("@baton/shared/files");
type Kit = Pick<Files, "AttachmentList" | "FileTray"> & {
  source: InstanceType<Files["FileSource"]>;
  batch: InstanceType<Files["FileBatch"]>;
};

export const kit = shallowRef<Kit | null>(null);

/** Fetches the code once. Batch and source always speak for the conversation the chat has at that moment. */
export async function loadFiles(chat: Chat): Promise<Kit> {
  const found = await import("@baton/shared/files");
  kit.value ??= found.kitFor((url) => chat.accessTo(url), () => chat.state.limits?.attachments);
  return kit.value;
}

/** Takes the files of a file field, a paste or a drop; words are left to the browser. */
export async function pick(chat: Chat, event: Event): Promise<void> {
  const field = event.target as HTMLInputElement;
  const { files } = (event as DragEvent).dataTransfer ?? (event as ClipboardEvent).clipboardData ?? field;
  const list = Array.from(files ?? []);
  if (list.length === 0) return;
  if (event.type === "change") field.value = ""; // the same file may be picked again
  else event.preventDefault();
  (await loadFiles(chat)).batch.add(list);
}
