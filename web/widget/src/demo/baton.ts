/** The widget's programming interface, as any shop's page uses it. */

type BatonCommand = (command: string, value?: unknown) => void;

export function baton(command: string, value?: unknown): void {
  (window as unknown as { Baton?: BatonCommand }).Baton?.(command, value);
}
