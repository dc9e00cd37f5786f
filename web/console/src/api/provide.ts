/** Hands the desk's API to the stores; tests put another one in its place. */

import type { DeskApi } from "./desk";

let current: DeskApi | null = null;

export function provideDesk(desk: DeskApi): void {
  current = desk;
}

export function useDesk(): DeskApi {
  if (!current) throw new Error("provideDesk must be called before a store is used");
  return current;
}
