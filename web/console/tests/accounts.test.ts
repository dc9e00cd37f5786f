import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/http";
import AccountDialog from "../src/components/accounts/AccountDialog.vue";
import DisableDialog from "../src/components/accounts/DisableDialog.vue";
import PasswordForm from "../src/components/account/PasswordForm.vue";
import type { Account } from "../src/contract/accounts";
import { i18n } from "../src/i18n";
import en from "../src/locales/en.json";
import zh from "../src/locales/zh-CN.json";
import { changesOf, deviceName, tagsOf } from "../src/rules/accounts";
import { makeRouter } from "../src/router";
import { useAccounts } from "../src/stores/accounts";
import { useSession } from "../src/stores/session";
import { provideCalls } from "./helpers";

function account(id: string, over: Partial<Account> = {}): Account {
  return {
    agent_id: id,
    username: `user_${id}`,
    display_name: "小周",
    role: "agent",
    groups: ["orders"],
    capacity: 3,
    tags: ["vip"],
    must_change_password: false,
    presence: "offline",
    load: 0,
    disabled: false,
    created_at: "2026-11-22T02:00:00.000Z",
    ...over,
  };
}

const global = { plugins: [i18n] };

beforeEach(() => {
  setActivePinia(createPinia());
  // jsdom has the element but not its methods.
  HTMLDialogElement.prototype.showModal = vi.fn();
});

describe("rules", () => {
  it("reads tags however they are separated, each once", () => {
    expect(tagsOf(" vip，高风险 vip、risk ")).toEqual(["vip", "高风险", "risk"]);
    expect(tagsOf(" ")).toEqual([]);
  });

  it("sends only what differs; the order of groups is no difference", () => {
    const before = account("a_1", { groups: ["orders", "logistics"] });
    expect(changesOf(before, { ...before, groups: ["logistics", "orders"] })).toEqual({});
    expect(changesOf(before, { ...before, capacity: 5, tags: [] })).toEqual({ capacity: 5, tags: [] });
  });

  it("names devices by what browsers call themselves", () => {
    const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
    expect(deviceName(chrome)).toBe("Chrome · Windows");
    expect(deviceName(`${chrome} Edg/156.0`)).toBe("Edge · Windows");
    expect(deviceName("python-httpx/0.28")).toBe("python-httpx");
    expect(deviceName(null)).toBeNull();
  });

  it("has the same words in both languages", () => {
    const keys = (tree: object): string[] =>
      Object.entries(tree).flatMap(([key, value]) => (typeof value === "object" ? keys(value as object).map((one) => `${key}.${one}`) : [key]));
    expect(keys(en.account)).toEqual(keys(zh.account));
    expect(keys(en.problem).sort()).toEqual(keys(zh.problem).sort());
  });
});

describe("the list", () => {
  it("shows who can sign in first and keeps what a change answers", async () => {
    provideCalls({
      accounts: async () => ({ accounts: [account("a_1", { disabled: true }), account("a_2")] }),
      enableAccount: async () => account("a_1"),
    });
    const accounts = useAccounts();
    await accounts.read();
    expect(accounts.list.map((one) => one.agent_id)).toEqual(["a_2", "a_1"]);
    await accounts.enable("a_1");
    expect(accounts.list.map((one) => one.agent_id)).toEqual(["a_1", "a_2"]);
  });
});

describe("the dialogs", () => {
  it("creates an account and hands its password on once", async () => {
    const created = vi.fn(async () => ({ account: account("a_9"), password: "s3cret-once" }));
    provideCalls({ createAccount: created });
    const dialog = mount(AccountDialog, { props: { account: null }, global });
    await dialog.find("[name=username]").setValue(" XiaoXin ");
    await dialog.find("[name=display_name]").setValue("小新");
    await dialog.find("[name=tags]").setValue("vip，risk");
    await dialog.find("input[value=orders]").setValue(true);
    await dialog.find("form").trigger("submit");
    await flushPromises();
    expect(created).toHaveBeenCalledWith("xiaoxin", {
      display_name: "小新",
      role: "agent",
      groups: ["orders"],
      capacity: 3,
      tags: ["vip", "risk"],
    });
    expect(dialog.emitted("created")).toEqual([["小新", "s3cret-once"]]);
  });

  it("says why a change was refused and stays open", async () => {
    provideCalls({
      changeAccount: async () => {
        throw new ApiError(409, "last_administrator", "");
      },
    });
    const dialog = mount(AccountDialog, { props: { account: account("a_1", { role: "administrator" }) }, global });
    await dialog.find("[name=role]").setValue("agent");
    expect(dialog.text()).toContain(zh.account.role_ends_sessions);
    await dialog.find("form").trigger("submit");
    await flushPromises();
    expect(dialog.find("[role=alert]").text()).toBe(zh.problem.last_administrator);
    expect(dialog.emitted("saved")).toBeUndefined();
  });

  it("does not disable somebody with conversations before it is told where these go", async () => {
    const disabled = vi.fn(async () => account("a_1", { disabled: true }));
    provideCalls({ disableAccount: disabled });
    const dialog = mount(DisableDialog, { props: { account: account("a_1", { load: 2 }) }, global });
    expect(dialog.find("button[type=submit]").attributes("disabled")).toBeDefined();
    await dialog.find("input[type=checkbox]").setValue(true);
    await dialog.find("form").trigger("submit");
    await flushPromises();
    expect(disabled).toHaveBeenCalledWith("a_1", true);
    expect(dialog.emitted("done")).toHaveLength(1);
  });
});

describe("a given password", () => {
  const me = { agent_id: "a_1", username: "xiaozhou", display_name: "小周", role: "agent", groups: [], capacity: 3 };

  async function signIn(over: object): Promise<ReturnType<typeof makeRouter>> {
    provideCalls({
      login: async () => ({ token: "", agent: { ...me, ...over } }),
      changePassword: async () => undefined,
    });
    await useSession().login("xiaozhou", "given");
    return makeRouter();
  }

  it("must be changed before anything else opens", async () => {
    const router = await signIn({ must_change_password: true });
    await router.push("/c/c_1");
    expect(router.currentRoute.value.name).toBe("password");
    expect(router.currentRoute.value.query.next).toBe("/c/c_1");

    const form = mount(PasswordForm, { global });
    await form.find("[name=old_password]").setValue("given");
    await form.find("[name=new_password]").setValue("我自己的新密码1234");
    await form.find("[name=repeat_password]").setValue("另外一个");
    await form.find("form").trigger("submit");
    expect(form.find("[role=alert]").text()).toBe(zh.account.not_repeated);
    await form.find("[name=repeat_password]").setValue("我自己的新密码1234");
    await form.find("form").trigger("submit");
    await flushPromises();
    expect(form.emitted("done")).toHaveLength(1);
    expect(useSession().mustChangePassword).toBe(false);
  });

  it("leaves the accounts to administrators, who are supervisors, too", async () => {
    const router = await signIn({ role: "supervisor" });
    await router.push("/accounts");
    expect(router.currentRoute.value.name).toBe("desk");
    setActivePinia(createPinia());
    const administrators = await signIn({ role: "administrator" });
    await administrators.push("/accounts");
    expect(administrators.currentRoute.value.name).toBe("accounts");
    expect(useSession().isSupervisor).toBe(true);
  });
});
