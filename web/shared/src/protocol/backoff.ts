/** How long to wait before the next attempt: 0.5 s · 2^n, at most 30 s, full jitter. */

export const BACKOFF_BASE_MS = 500;
export const BACKOFF_CAP_MS = 30_000;

/** `attempt` counts from 0; `random` is in [0, 1). Full jitter, so that a restarted desk is not met by all at once. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling * random);
}
