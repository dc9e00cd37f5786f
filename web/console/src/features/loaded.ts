/** Something read from the desk when it is needed: its value, why it is missing, and reading it again. */

import { ref, shallowRef, type Ref, type ShallowRef } from "vue";

export interface Loaded<Value> {
  value: ShallowRef<Value | null>;
  failure: Ref<string>;
  busy: Ref<boolean>;
  load: () => Promise<void>;
}

/** What was read before stays when reading again fails. */
export function useLoaded<Value>(read: () => Promise<Value>, words: (error: unknown) => string): Loaded<Value> {
  const value = shallowRef<Value | null>(null);
  const failure = ref("");
  const busy = ref(false);
  async function load(): Promise<void> {
    busy.value = true;
    try {
      value.value = await read();
      failure.value = "";
    } catch (error) {
      failure.value = words(error);
    } finally {
      busy.value = false;
    }
  }
  return { value, failure, busy, load };
}
