/** Rules of accounts in the console: tags out of what was typed, devices out of what browsers call themselves. */

import type { Account, AccountFields } from "../contract/accounts";

/** "vip, 高风险 vip" -> ["vip", "高风险"] */
export function tagsOf(typed: string): string[] {
  return [...new Set(typed.split(/[\s,，、;；]+/u).filter((tag) => tag !== ""))];
}

/** Only what differs, so that two administrators do not undo each other's changes. */
export function changesOf(before: Account, after: AccountFields): Partial<AccountFields> {
  const changes: Partial<AccountFields> = {};
  if (after.display_name !== before.display_name) changes.display_name = after.display_name;
  if (after.role !== before.role) changes.role = after.role;
  if (after.capacity !== before.capacity) changes.capacity = after.capacity;
  if (!sameWords(after.groups, before.groups)) changes.groups = after.groups;
  if (!sameWords(after.tags, before.tags)) changes.tags = after.tags;
  return changes;
}

function sameWords(left: string[], right: string[]): boolean {
  return left.length === right.length && left.every((word) => right.includes(word));
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** "Chrome · Windows"; a program's own first word; null when nothing is known. */
export function deviceName(agent: string | null): string | null {
  if (!agent) return null;
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  return [browser, system].filter(Boolean).join(" · ") || agent.split(/[\s/]/u)[0] || null;
}
