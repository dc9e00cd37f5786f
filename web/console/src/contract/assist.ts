/** Canned responses and wording rules (`contracts/desk_http.md`). */

import type { EmotionFamily } from "@baton/shared";

export interface CannedResponse {
  id: string;
  title: string;
  topic: string;
  /** first letters of the title's pinyin */
  initials: string;
  /** filled for one conversation; what is not known stays as 【…】 */
  text: string;
  gaps: string[];
}

/** A suggested step of the summary as a sentence to the customer. */
export interface StepReply {
  step: string;
  text: string;
  gaps: string[];
}

export interface CannedAnswer {
  responses: CannedResponse[];
  /** ids, the best first */
  suggested: string[];
  steps: StepReply[];
}

export interface WordingRule {
  id: string;
  kind: string;
  pattern: string;
  level: "warn" | "block";
  why: string;
  better: string;
  allowed?: string[];
  unless?: string;
  scope?: "sentence" | "text";
  emotions?: EmotionFamily[];
}

export interface WordingAnswer {
  version: number;
  rules: WordingRule[];
}
