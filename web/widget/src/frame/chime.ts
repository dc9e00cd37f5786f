/** Two soft notes for a message that comes while nobody is looking; made, not fetched. */

import { isQuiet } from "./preferences";

const PAUSE_MS = 3_000;
const NOTES = [
  { hertz: 660, at: 0 },
  { hertz: 880, at: 0.12 },
];

let context: AudioContext | null = null;
let lastAt = 0;

export function chime(force = false): void {
  const now = Date.now();
  if (isQuiet() || (now - lastAt < PAUSE_MS && !force) || typeof AudioContext === "undefined") return;
  lastAt = now;
  context ??= new AudioContext();
  // A browser that has not been touched yet stays silent: nothing to be done about it.
  context.resume().then(play, () => undefined);
}

function play(): void {
  const start = context!.currentTime;
  for (const { hertz, at } of NOTES) {
    const tone = context!.createOscillator();
    const volume = context!.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, start + at);
    volume.gain.exponentialRampToValueAtTime(0.12, start + at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.28);
    tone.connect(volume).connect(context!.destination);
    tone.start(start + at);
    tone.stop(start + at + 0.3);
  }
}
