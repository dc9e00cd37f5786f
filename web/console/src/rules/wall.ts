/** The wall's figures as addresses: which query a figure has, and what it is called. */

const FIELDS = ["state", "group", "clock", "clock_state", "family", "intensity", "agent"] as const;
/** the family of labels that names a field's values */
const LABELS: Record<(typeof FIELDS)[number], string> = {
  state: "state",
  group: "group",
  clock: "wall_clock",
  clock_state: "wall_clock_state",
  family: "emotion",
  intensity: "intensity",
  agent: "agent",
};

/** What of an address the desk is asked for; anything else is left out. */
export function figureQuery(query: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(FIELDS.flatMap((name) => (typeof query[name] === "string" && query[name] !== "" ? [[name, query[name]]] : [])) as [string, string][]);
}

/** The words of a figure, in order: [{family: "group", value: "orders"}]. */
export function titleParts(query: Record<string, string>): { family: string; value: string }[] {
  return FIELDS.flatMap((name) => (query[name] === undefined ? [] : [{ family: LABELS[name], value: query[name] }]));
}
