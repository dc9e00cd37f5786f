/** Style sheets of parts that are fetched later: a file of their own would bring a loader for them into the first load. */

export function addStyles(css: string): void {
  const sheet = document.createElement("style");
  sheet.textContent = css;
  document.head.append(sheet);
}
