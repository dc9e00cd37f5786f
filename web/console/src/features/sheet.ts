/** Style sheets of parts that are fetched later: the console's own is one file, and all of it is in the first load. */

const added = new Set<string>();

/** Once, however often the part is shown. */
export function addSheet(styles: string): void {
  if (added.has(styles)) return;
  added.add(styles);
  const sheet = document.createElement("style");
  sheet.textContent = styles;
  document.head.append(sheet);
}
