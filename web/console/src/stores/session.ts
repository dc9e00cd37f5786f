/** Who is signed in, and whether they take conversations. */

import { defineStore } from "pinia";
import { computed, ref } from "vue";
import type { Limits, Presence } from "@baton/shared";
import type { Agent } from "../contract/desk";
import { ApiError } from "../api/http";
import { useDesk } from "../api/provide";

export const useSession = defineStore("session", () => {
  const desk = useDesk();
  const agent = ref<Agent | null>(null);
  const presence = ref<Presence>("offline");
  /** false until we know whether the cookie still counts */
  const checked = ref(false);
  /** why the desk changed my presence by itself; "" when it did not */
  const takenBecause = ref("");
  /** what the desk takes, told with every connection of the socket */
  const limits = ref<Limits | null>(null);
  /** the desk ended a running session (as opposed to signing out) */
  const expired = ref(false);
  const isAdministrator = computed(() => agent.value?.role === "administrator");
  /** may see and take over what colleagues do, as administrators may */
  const isSupervisor = computed(() => agent.value?.role === "supervisor" || isAdministrator.value);
  const mustChangePassword = computed(() => agent.value?.must_change_password === true);

  /** Reads the session of the cookie. Throws ApiError when the desk cannot be asked. */
  async function restore(): Promise<void> {
    try {
      const answer = await desk.me();
      enter("agent" in answer ? answer.agent : answer);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      agent.value = null;
    }
    checked.value = true;
  }

  async function login(username: string, password: string): Promise<void> {
    const answer = await desk.login(username, password);
    enter(answer.agent);
    checked.value = true;
  }

  function enter(who: Agent): void {
    agent.value = who;
    expired.value = false;
    if (who.presence) presence.value = who.presence;
  }

  /** Throws ApiError `conversations_open` when going offline with open ones; `force` returns them to the queue. */
  async function setPresence(state: Presence, force = false): Promise<void> {
    presence.value = (await desk.setPresence(state, force)).state;
    takenBecause.value = "";
  }

  /** The desk has changed it: I missed offers. */
  function presenceTaken(state: Presence, reason: string): void {
    presence.value = state;
    takenBecause.value = reason;
  }

  async function changePassword(oldPassword: string, newPassword: string): Promise<void> {
    await desk.changePassword(oldPassword, newPassword);
    if (agent.value) agent.value = { ...agent.value, must_change_password: false };
  }

  /** Signs out here even when the desk cannot be told; the error still says so. */
  async function logout(): Promise<void> {
    try {
      await desk.logout();
    } finally {
      leave();
    }
  }

  function leave(): void {
    agent.value = null;
    presence.value = "offline";
    takenBecause.value = "";
  }

  function expire(): void {
    if (agent.value) expired.value = true;
    leave();
  }

  return { agent, presence, limits, checked, expired, isSupervisor, isAdministrator, mustChangePassword, changePassword, restore, login, takenBecause, setPresence, presenceTaken, logout, expire };
});
