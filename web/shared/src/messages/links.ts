/** Finds web addresses in plain text, so that they can become links without any HTML being interpreted. */

export interface TextPart {
  text: string;
  /** present when the part is a link; always http or https */
  href?: string;
}

// Stops at white space, CJK and full-width punctuation, quotes and brackets: Chinese is written without spaces.
const ADDRESS = /https?:\/\/[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"'<>()[\]{}]+/gi;
const TRAILING = /[.,;:!?]+$/;

export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, "");
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: address, href: address });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
