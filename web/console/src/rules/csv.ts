/** A table as CSV that a spreadsheet opens without running anything in it. */

export type Cell = string | number | null;

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/u;

/** With a byte order mark, so that spreadsheets read it as UTF-8; lines end in CRLF. */
export function toCsv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return `\uFEFF${[head, ...rows].map((row) => row.map(field).join(",")).join("\r\n")}\r\n`;
}

function field(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return harmless === value && !/[",\r\n]/u.test(value) ? value : `"${harmless.replaceAll('"', '""')}"`;
}
