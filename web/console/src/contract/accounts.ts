/** Accounts and sessions as the desk answers them (`contracts/desk_http.md`). */

import type { Presence } from "@baton/shared";

export const ROLES = ["agent", "supervisor", "administrator"] as const;
export type Role = (typeof ROLES)[number];

export interface Account {
  agent_id: string;
  username: string;
  display_name: string;
  role: Role;
  groups: string[];
  capacity: number;
  tags: string[];
  must_change_password: boolean;
  presence: Presence;
  /** conversations they hold now */
  load: number;
  disabled: boolean;
  created_at: string;
}

/** What can be changed later; the user name cannot. */
export type AccountFields = Pick<Account, "display_name" | "role" | "groups" | "capacity" | "tags">;

/** A generated password, told this once. */
export interface NewPassword {
  account: Account;
  password: string;
}

export interface Session {
  session_id: string;
  created_at: string;
  expires_at: string;
  address: string | null;
  device: string | null;
  current: boolean;
}
