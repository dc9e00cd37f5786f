/** Calls the agent when something new comes: desktop notification, a short sound, the number in the tab's title. */

import { defineStore } from "pinia";
import { ref } from "vue";
import { playHandoff, playMessage } from "../rules/tones";
import { usePreferences } from "./preferences";

const AGAIN_AFTER_MS = 3_000;

export type Permission = "default" | "granted" | "denied" | "unsupported";

export interface Alert {
  kind: "handoff" | "message";
  title: string;
  body: string;
  /** one notification per tag: a second one takes the place of the first, also from another tab */
  tag: string;
  onClick: () => void;
}

export const useAlerts = defineStore("alerts", () => {
  const preferences = usePreferences();
  const permission = ref<Permission>(currentPermission());
  let audio: AudioContext | null = null;
  let sounded = { tag: "", atMs: 0 };

  async function ask(): Promise<void> {
    if (permission.value === "unsupported") return;
    permission.value = await Notification.requestPermission();
  }

  /** The permission may have been changed in the browser's own settings. */
  function look(): void {
    permission.value = currentPermission();
  }

  /** Browsers let a page sound only after the person has done something on it. */
  function unlockSound(): void {
    if (typeof AudioContext === "undefined") return;
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume();
  }

  function raise(alert: Alert): void {
    // A new handoff is often offered to me a moment later: the same news sounds once.
    const again = sounded.tag === alert.tag && Date.now() - sounded.atMs < AGAIN_AFTER_MS;
    if (preferences.sound && audio?.state === "running" && !again) {
      sounded = { tag: alert.tag, atMs: Date.now() };
      (alert.kind === "handoff" ? playHandoff : playMessage)(audio);
    }
    if (permission.value !== "granted" || (document.visibilityState === "visible" && document.hasFocus())) return;
    show(alert);
  }

  function show(alert: Alert): void {
    const notification = new Notification(alert.title, {
      body: alert.body,
      tag: alert.tag,
      icon: "/console/icon.svg",
    });
    notification.onclick = () => {
      window.focus();
      notification.close();
      alert.onClick();
    };
  }

  /** Both at once, whether or not the page is in sight; says what was done. Needs a click before it. */
  async function tryOut(title: string, body: string): Promise<{ sounded: boolean; notified: boolean }> {
    look();
    unlockSound();
    if (audio?.state === "suspended") await audio.resume();
    const sounded = preferences.sound && audio?.state === "running";
    if (sounded && audio) playHandoff(audio);
    const notified = permission.value === "granted";
    if (notified) show({ kind: "message", title, body, tag: "try", onClick: () => undefined });
    return { sounded, notified };
  }

  return { permission, ask, look, unlockSound, raise, tryOut };
});

function currentPermission(): Permission {
  return typeof Notification === "undefined" ? "unsupported" : Notification.permission;
}
