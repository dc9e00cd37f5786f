/**
 * What an agent's text must not say, by the desk's rules; `contracts/examples/wording_checks.json` holds this and the
 * bot's own check to the same answers.
 */

import type { EmotionFamily } from "@baton/shared";
import type { WordingRule } from "../contract/assist";

export interface CompiledRule {
  rule: WordingRule;
  pattern: RegExp;
  unless: RegExp | null;
}

export interface Violation {
  rule: WordingRule;
  found: string;
  /** where it stands in the text, UTF-16 units */
  start: number;
  end: number;
}

const SENTENCE = /[^。！？!?；;\n]+[。！？!?；;]*/gu;
const GAP = /【[^【】\n]{1,20}】/u;

/** Rules ready for use; one whose expression this browser cannot read is left out, the others still help. */
export function compileRules(rules: readonly WordingRule[]): CompiledRule[] {
  return rules.flatMap((rule) => {
    try {
      return [{ rule, pattern: new RegExp(rule.pattern, "gu"), unless: rule.unless ? new RegExp(rule.unless, "u") : null }];
    } catch {
      return [];
    }
  });
}

/** Every place that breaks a rule, in the order of the text; `emotion` is what the customer feels. */
export function violations(text: string, rules: readonly CompiledRule[], emotion: EmotionFamily): Violation[] {
  const heard = rules.filter(({ rule }) => !rule.emotions?.length || rule.emotions.includes(emotion));
  const found: Violation[] = [];
  for (const sentence of text.matchAll(SENTENCE)) {
    for (const one of heard) found.push(...inSentence(one, sentence[0], sentence.index, text));
  }
  return found.sort((a, b) => a.start - b.start);
}

function inSentence({ rule, pattern, unless }: CompiledRule, sentence: string, offset: number, text: string): Violation[] {
  if (unless?.test(rule.scope === "text" ? text : sentence)) return [];
  return [...sentence.matchAll(pattern)]
    .filter((match) => !isAllowed(rule, sentence, match.index, match.index + match[0].length))
    .map((match) => ({ rule, found: match[0], start: offset + match.index, end: offset + match.index + match[0].length }));
}

/** Whether the match stands inside one of the allowed expressions. */
function isAllowed(rule: WordingRule, sentence: string, start: number, end: number): boolean {
  return (rule.allowed ?? []).some((words) => {
    for (let at = sentence.indexOf(words); at !== -1; at = sentence.indexOf(words, at + words.length)) {
      if (at <= start && end <= at + words.length) return true;
    }
    return false;
  });
}

/** One violation a rule, those that block first: what the agent is shown. */
export function hintsOf(found: readonly Violation[]): Violation[] {
  const first = [...new Map([...found].reverse().map((one) => [one.rule.id, one])).values()].reverse();
  return first.sort((a, b) => Number(b.rule.level === "block") - Number(a.rule.level === "block") || a.start - b.start);
}

/** The first gap of a canned response that nobody has filled yet: [start, end), or null. */
export function firstGap(text: string, from = 0): [number, number] | null {
  const match = GAP.exec(text.slice(from));
  return match ? [from + match.index, from + match.index + match[0].length] : null;
}
