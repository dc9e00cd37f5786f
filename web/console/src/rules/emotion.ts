/** The course of a customer's emotion as points of a small line. */

import type { EmotionFamily } from "@baton/shared";
import type { Emotion, EmotionPoint } from "../contract/summary";

export interface CoursePoint {
  x: number;
  y: number;
  family: EmotionFamily;
  intensity: number;
}

const TOP = 3;
const BOTTOM = -1;

/** How hot a feeling is: 3 strongest trouble, 0 neutral, -1 pleased. */
export function heatLevel(emotion: Emotion): number {
  if (emotion.family === "pleased") return BOTTOM;
  return emotion.family === "neutral" ? 0 : Math.min(TOP, emotion.intensity);
}

/** What the context made of a feeling, in words; null when it changed nothing. */
export function adjustmentOf(emotion: Emotion | null): (Emotion & { words: string[] }) | null {
  const adjusted = emotion?.adjusted;
  if (!emotion || !adjusted || (adjusted.family === emotion.family && adjusted.intensity === emotion.intensity)) return null;
  const words = (Array.isArray(adjusted.reasons) ? adjusted.reasons : []).map((reason) => (typeof reason === "string" ? reason : reason.text));
  return { family: adjusted.family, intensity: adjusted.intensity, words };
}

/** The newest reading; where it says what the row says, the row's, which knows of the context. */
export function emotionNow(live: Emotion | undefined, row: Emotion | null): Emotion | null {
  if (!live) return row;
  return row && row.family === live.family && row.intensity === live.intensity ? row : live;
}

/** Adds what customers said after the summary was written; a message already in the course keeps its place. */
export function extendCourse(course: readonly EmotionPoint[], later: readonly EmotionPoint[]): EmotionPoint[] {
  const known = new Set(course.map((point) => point.message_id));
  return [...course, ...later.filter((point) => !known.has(point.message_id))];
}

/** Points evenly spread over `width`, hot above, inside `height` with `inset` left free at every side. */
export function coursePoints(
  course: readonly Emotion[],
  width: number,
  height: number,
  inset: number,
): CoursePoint[] {
  const step = course.length > 1 ? (width - 2 * inset) / (course.length - 1) : 0;
  return course.map((point, index) => ({
    x: round(course.length > 1 ? inset + index * step : width / 2),
    y: round(inset + ((TOP - heatLevel(point)) / (TOP - BOTTOM)) * (height - 2 * inset)),
    family: point.family,
    intensity: point.intensity,
  }));
}

/** The arrow beside the chip: the summary's own trend, else read from the last two points. */
export function trendOf(course: readonly Emotion[]): "rising" | "steady" | "falling" {
  const last = course[course.length - 1];
  const before = course[course.length - 2];
  if (!last || !before) return "steady";
  const change = heatLevel(last) - heatLevel(before);
  if (change === 0) return "steady";
  return change > 0 ? "rising" : "falling";
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
