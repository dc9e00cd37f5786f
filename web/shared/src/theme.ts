/** Light, dark, or what the system wishes: set as data-theme on the root, which the tokens follow. */

export type Theme = "auto" | "light" | "dark";

/** Applies a theme and keeps following the system while it is "auto"; returns what ends that. */
export function applyTheme(theme: Theme, root: HTMLElement = document.documentElement): () => void {
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const dark = theme === "dark" || (theme === "auto" && query.matches);
    root.setAttribute("data-theme", dark ? "dark" : "light");
  };
  update();
  // Older WebViews know only addListener; there the theme is simply fixed until the next load.
  query.addEventListener?.("change", update);
  return () => query.removeEventListener?.("change", update);
}
