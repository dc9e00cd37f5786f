/** All accounts, for administrators. Every change answers with the account as it is now. */

import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { useDesk } from "../api/provide";
import type { Account, AccountFields } from "../contract/accounts";
import { changesOf } from "../rules/accounts";

export const useAccounts = defineStore("accounts", () => {
  const desk = useDesk();
  const byId = ref(new Map<string, Account>());
  const loaded = ref(false);
  /** those who can sign in first, each by user name */
  const list = computed(() =>
    [...byId.value.values()].sort(
      (a, b) => Number(a.disabled) - Number(b.disabled) || a.username.localeCompare(b.username),
    ),
  );

  async function read(): Promise<void> {
    const { accounts } = await desk.accounts();
    byId.value = new Map(accounts.map((account) => [account.agent_id, account]));
    loaded.value = true;
  }

  function keep(account: Account): void {
    byId.value.set(account.agent_id, account);
  }

  /** The generated password. */
  async function create(username: string, fields: AccountFields): Promise<string> {
    const answer = await desk.createAccount(username, fields);
    keep(answer.account);
    return answer.password;
  }

  async function change(before: Account, fields: AccountFields): Promise<void> {
    const changes = changesOf(before, fields);
    if (Object.keys(changes).length > 0) keep(await desk.changeAccount(before.agent_id, changes));
  }

  async function disable(id: string, force: boolean): Promise<void> {
    keep(await desk.disableAccount(id, force));
  }

  async function enable(id: string): Promise<void> {
    keep(await desk.enableAccount(id));
  }

  /** The generated password. */
  async function resetPassword(id: string): Promise<string> {
    const answer = await desk.resetPassword(id);
    keep(answer.account);
    return answer.password;
  }

  return { list, loaded, read, create, change, disable, enable, resetPassword };
});
