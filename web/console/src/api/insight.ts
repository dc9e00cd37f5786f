/** Calls of supervisors: the wall, the lists behind its figures, the reports. */

import type { PlaybookFile, Report, Wall, WallCase } from "../contract/insight";
import type { Call } from "./http";

export function insightCalls(call: Call) {
  return {
    wall: () => call<Wall>("GET", "/wall"),
    wallCases: (wanted: Record<string, string>) =>
      call<{ total: number; cases: WallCase[] }>("GET", `/wall/cases?${new URLSearchParams(wanted).toString()}`),
    playbook: () => call<{ files: PlaybookFile[] }>("GET", "/playbook"),
    report: (from: string, to: string) => call<Report>("GET", `/reports?from=${from}&to=${to}`),
  };
}
