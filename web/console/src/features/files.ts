/** Files in the console: the code comes with the first file shown or picked; what was picked stays with its conversation. */

import { shallowReactive, shallowRef } from "vue";
import { useSession } from "../stores/session";

type Files = typeof import("@baton/shared/files");
type Batch = InstanceType<Files["FileBatch"]>;

export const files = shallowRef<Files | null>(null);
export const source = shallowRef<InstanceType<Files["FileSource"]> | null>(null);
const batches = shallowReactive(new Map<string, Batch>());

/** The login is the cookie; the header shows the desk that the call comes from the console's own page. */
const proof = () => ({ baseUrl: "", headers: { "X-Baton-Console": "1" } });

export async function loadFiles(): Promise<Files> {
  if (files.value !== null) return files.value;
  const found = await import("@baton/shared/files");
  source.value ??= new found.FileSource(proof);
  files.value = found;
  return found;
}

/** What is picked for this conversation; null while nothing was. */
export function batchOf(conversationId: string): Batch | null {
  return batches.get(conversationId) ?? null;
}

/** Takes the files of a file field, a paste or a drop; words are left to the browser. */
export async function pick(conversationId: string, event: Event): Promise<void> {
  const field = event.target as HTMLInputElement;
  const { files: picked } = (event as DragEvent).dataTransfer ?? (event as ClipboardEvent).clipboardData ?? field;
  const list = Array.from(picked ?? []);
  if (list.length === 0) return;
  if (event.type === "change") field.value = ""; // the same file may be picked again
  else event.preventDefault();
  const { FileBatch, uploader } = await loadFiles();
  const batch = batches.get(conversationId) ?? new FileBatch(uploader(conversationId, proof), undefined, () => useSession().limits?.attachments);
  batches.set(conversationId, batch);
  batch.add(list);
}

/** Somebody else may sign in on this machine. */
export function forgetFiles(): void {
  batches.forEach((batch) => batch.clear());
  batches.clear();
  source.value = files.value === null ? null : new files.value.FileSource(proof);
}
