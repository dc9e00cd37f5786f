/** The widget's programming interface, as any shop's page uses it. */

interface Baton {
  (command: string, value?: unknown): void;
  q?: [string, unknown][];
}

/** Before the loader is there, commands wait in `q`. Here and not inline: the page's policy lets no inline script run. */
export function baton(command: string, value?: unknown): void {
  const shop = window as unknown as { Baton?: Baton };
  const queue: Baton = (name, more) => (queue.q ??= []).push([name, more]);
  (shop.Baton ??= queue)(command, value);
}
