/** Clock arithmetic of the workbench: how long somebody has waited, when something is due. */

export type Heat = "calm" | "warm" | "late";

/** Whole seconds from an ISO time to `nowMs`; never negative, 0 for a time that cannot be read. */
export function elapsedSeconds(since: string | null | undefined, nowMs: number): number {
  if (!since) return 0;
  const start = Date.parse(since);
  if (Number.isNaN(start)) return 0;
  return Math.max(0, Math.floor((nowMs - start) / 1000));
}

/** Whole seconds until an ISO time; negative once it has passed, null when there is no readable time. */
export function secondsUntil(due: string | null | undefined, nowMs: number): number | null {
  if (!due) return null;
  const end = Date.parse(due);
  if (Number.isNaN(end)) return null;
  return Math.ceil((end - nowMs) / 1000);
}

/** 48 -> "00:48", 3725 -> "1:02:05". */
export function formatDuration(totalSeconds: number): string {
  const seconds = Math.max(0, Math.floor(totalSeconds));
  const pad = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** How urgent a wait looks: calm below `warmSeconds`, late from `lateSeconds` on. */
export function heatOf(waitedSeconds: number, warmSeconds: number, lateSeconds: number): Heat {
  if (waitedSeconds >= lateSeconds) return "late";
  return waitedSeconds >= warmSeconds ? "warm" : "calm";
}

/** Milliseconds to add to this machine's clock to read the desk's clock, from an HTTP `Date` header. */
export function clockSkewMs(dateHeader: string | null, receivedAtMs: number, roundTripMs: number): number | null {
  if (!dateHeader) return null;
  const serverMs = Date.parse(dateHeader);
  if (Number.isNaN(serverMs)) return null;
  // The header has whole seconds: half a second and half the way back are the best guess for what it cut off.
  const skew = serverMs + 500 + roundTripMs / 2 - receivedAtMs;
  return Math.abs(skew) < 1500 ? 0 : skew;
}
