/** Windows that are not there at the first moment: fetched when the page has its data, or when they are asked for. */

import { defineAsyncComponent } from "vue";

/** by then the page has its data, and nothing of it waits behind these */
const LATER_MS = 2_000;

const load = {
  search: () => import("../components/search/SearchDialog.vue"),
  help: () => import("../components/dialogs/HelpSheet.vue"),
  resolve: () => import("../components/dialogs/ResolveDialog.vue"),
  handback: () => import("../components/dialogs/HandbackDialog.vue"),
  transfer: () => import("../components/dialogs/TransferDialog.vue"),
  offline: () => import("../components/dialogs/OfflineDialog.vue"),
  password: () => import("../components/account/PasswordDialog.vue"),
  sessions: () => import("../components/account/SessionsDialog.vue"),
  alerts: () => import("../components/shell/AlertPanel.vue"),
};

export const SearchDialog = defineAsyncComponent(load.search);
export const HelpSheet = defineAsyncComponent(load.help);
export const ResolveDialog = defineAsyncComponent(load.resolve);
export const HandbackDialog = defineAsyncComponent(load.handback);
export const TransferDialog = defineAsyncComponent(load.transfer);
export const OfflineDialog = defineAsyncComponent(load.offline);
export const PasswordDialog = defineAsyncComponent(load.password);
export const SessionsDialog = defineAsyncComponent(load.sessions);
export const AlertPanel = defineAsyncComponent(load.alerts);

/** So that they open at once, and also while the desk cannot be reached. */
export function fetchLater(): void {
  window.setTimeout(() => {
    for (const fetchOne of Object.values(load)) {
      fetchOne().catch(() => undefined); // asked for again when it is opened
    }
  }, LATER_MS);
}
