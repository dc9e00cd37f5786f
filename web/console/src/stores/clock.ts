/** The desk's time of day, ticking once a second for every clock on the page. */

import { defineStore } from "pinia";
import { ref } from "vue";

export const useClock = defineStore("clock", () => {
  const skewMs = ref(0);
  const nowMs = ref(Date.now());

  function tick(): void {
    nowMs.value = Date.now() + skewMs.value;
  }

  function setSkew(newSkewMs: number): void {
    skewMs.value = newSkewMs;
    tick();
  }

  /** Returns how to stop it. */
  function start(): () => void {
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }

  return { nowMs, skewMs, tick, setSkew, start };
});
