/** Money: integer fen in, words for a person out. */

/** 39900 -> "¥399.00", 1299900 -> "¥12,999.00", -50 -> "-¥0.50". */
export function formatFen(fen: number): string {
  const sign = fen < 0 ? "-" : "";
  const cents = Math.abs(Math.round(fen));
  const yuan = String(Math.floor(cents / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${sign}¥${yuan}.${String(cents % 100).padStart(2, "0")}`;
}
