/** Text colours reach AA contrast on the surfaces they are meant for, in light and dark. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(`${process.cwd()}/src/styles/tokens.css`, "utf8");
const light = declarations(css.slice(css.indexOf(":root {"), css.indexOf("}", css.indexOf(":root {"))));
const darkStart = css.indexOf(':root[data-theme="dark"] {');
const dark = { ...light, ...declarations(css.slice(darkStart, css.indexOf("}", darkStart))) };

const ON_SURFACES = ["text", "text-2", "text-3", "primary-text", "human", "danger", "warning", "success", "info", "angry", "anxious", "disappointed", "neutral", "pleased"];
const PAIRS: [string, string][] = [
  ...ON_SURFACES.flatMap((text): [string, string][] => [[text, "surface"], [text, "bg"]]),
  ["text-3", "surface-2"], ["text", "surface-3"],
  ["text-on-primary", "primary"], ["text-on-primary", "primary-hover"], ["primary-text", "primary-soft"],
  ["human", "human-soft"], ["text-2", "human-soft"], ["danger", "danger-soft"], ["warning", "warning-soft"],
  ["success", "success-soft"], ["info", "info-soft"],
  ["bubble-mine-text", "bubble-mine"], ["bubble-theirs-text", "bubble-theirs"],
];

describe.each([["light", light], ["dark", dark]])("%s", (_name, colours) => {
  it.each(PAIRS)("%s on %s", (text, surface) => {
    expect(contrast(colours[text]!, colours[surface]!)).toBeGreaterThanOrEqual(4.5);
  });
});

function declarations(block: string): Record<string, string> {
  return Object.fromEntries(Array.from(block.matchAll(/--b-([\w-]+): (#[0-9a-f]{6});/g), (match) => [match[1], match[2]]));
}

function contrast(first: string, second: string): number {
  const [lighter, darker] = [luminance(first), luminance(second)].sort((a, b) => b - a) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const channel = (index: number) => {
    const value = parseInt(hex.slice(1 + index * 2, 3 + index * 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2);
}
