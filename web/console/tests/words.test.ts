/** Whatever the desk refuses is said in words: its list of codes against the console's, in every language. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import customer from "../src/locales/customer.json";
import en from "../src/locales/en.json";
import tw from "../src/locales/zh-TW.json";
import zh from "../src/locales/zh-CN.json";

/** told to customers, to programs, or by frames that the console never sends wrongly */
const NOT_FOR_AGENTS = new Set([
  "method_not_allowed", "console_header_required", "identity_invalid", "client_id_invalid", "payload_not_offered", "not_rateable",
  "rating_invalid", "frame_not_json", "frame_too_large", "frame_unknown_type", "frame_invalid", "hello_expected", "page_not_built", "loopback_only",
]);

function deskCodes(): string[] {
  const wording = readFileSync(`${process.cwd()}/../../playbook/desk_messages.yml`, "utf8");
  const section = wording.split(/^errors:\n/m)[1]?.split(/^\S/m)[0] ?? "";
  return [...section.matchAll(/^ {2}([a-z_]+):/gm)].map((match) => match[1]!);
}

function keysOf(value: object, path = ""): string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "object" && inner !== null ? keysOf(inner, `${path}${key}.`) : [`${path}${key}`],
  );
}

describe("words", () => {
  it("exist for every error code of the desk that an agent can meet", () => {
    const codes = deskCodes().filter((code) => !NOT_FOR_AGENTS.has(code));
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !(code in zh.problem))).toEqual([]);
  });

  it.each([
    ["en", zh, en],
    ["zh-TW", zh, tw],
    ["en, customer", customer["zh-CN"], customer.en],
    ["zh-TW, customer", customer["zh-CN"], customer["zh-TW"]],
  ])("are the same in %s, with their variables", (_name, ours, theirs) => {
    expect(keysOf(theirs).sort()).toEqual(keysOf(ours).sort());
    const variables = (value: object, path: string): string[] =>
      (String(path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], value)).match(/\{\w+\}/g) ?? []).sort();
    for (const key of keysOf(ours)) expect(variables(theirs, key), key).toEqual(variables(ours, key));
  });
});
