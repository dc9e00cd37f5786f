/** JSON in the browser's storage, which may be full, forbidden or hold something else. */

export type SimpleStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function readJson(storage: SimpleStorage, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null; // unreadable or forbidden: as if nothing were stored
  }
}

export function writeJson(storage: SimpleStorage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden storage costs the survival of a reload; the page itself keeps the value in memory.
  }
}
