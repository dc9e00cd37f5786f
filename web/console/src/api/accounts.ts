/** Calls about accounts: the administrators' and those about one's own. */

import type { Account, AccountFields, NewPassword, Session } from "../contract/accounts";
import type { Call } from "./http";

export function accountCalls(call: Call) {
  const account = (id: string): string => `/accounts/${encodeURIComponent(id)}`;
  return {
    accounts: () => call<{ accounts: Account[] }>("GET", "/accounts"),
    createAccount: (username: string, fields: AccountFields) =>
      call<NewPassword>("POST", "/accounts", { username, ...fields }),
    changeAccount: (id: string, fields: Partial<AccountFields>) => call<Account>("PATCH", account(id), fields),
    disableAccount: (id: string, force: boolean) => call<Account>("POST", `${account(id)}/disable`, { force }),
    enableAccount: (id: string) => call<Account>("POST", `${account(id)}/enable`, {}),
    resetPassword: (id: string) => call<NewPassword>("POST", `${account(id)}/password-reset`, {}),
    changePassword: (oldPassword: string, newPassword: string) =>
      call<void>("PUT", "/agents/me/password", { old_password: oldPassword, new_password: newPassword }),
    sessions: () => call<{ sessions: Session[] }>("GET", "/agents/me/sessions"),
    endSession: (id: string) => call<void>("DELETE", `/agents/me/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => call<void>("DELETE", "/agents/me/sessions"),
  };
}
