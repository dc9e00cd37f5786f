/** The cards come right behind the first paint: the greeting need not wait for what only later messages use. */

import type CardView from "@baton/shared/cards";
import { shallowRef } from "vue";

export const cardView = shallowRef<typeof CardView | null>(null);

export async function loadCards(): Promise<void> {
  cardView.value = (await import("./card_part")).default;
}
