/** Short words at the edge of the screen: what was done, what went wrong. */

import { defineStore } from "pinia";
import { ref } from "vue";

export interface Toast {
  id: number;
  tone: "good" | "bad" | "plain";
  text: string;
}

const GOOD_FOR_MS = 3_500;
const BAD_FOR_MS = 9_000;
const MOST = 4;

export const useToasts = defineStore("toasts", () => {
  const toasts = ref<Toast[]>([]);
  let nextId = 1;

  function show(tone: Toast["tone"], text: string): void {
    const id = nextId;
    nextId += 1;
    // The same words twice say nothing new: the older one makes room.
    toasts.value = [...toasts.value.filter((toast) => toast.text !== text), { id, tone, text }].slice(-MOST);
    setTimeout(() => dismiss(id), tone === "bad" ? BAD_FOR_MS : GOOD_FOR_MS);
  }

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  return { toasts, show, dismiss };
});
