/**
 * Locates the sentences of a reply in its text, so that the page can mark the sentence being spoken.
 *
 * The server sends the sentence ends with the text, as offsets in Unicode code points (docs/protocol.md). An llm worker
 * of an older release does not send them. Then the whole reply counts as one sentence.
 */

import type { Reply } from "./page-state";

/** Start and end (exclusive) in the text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The span of the sentence with this index. Returns null if the index is negative, which means that no sentence has
 * begun.
 */
export function sentenceSpan(
  { text, sentenceEnds, status }: Pick<Reply, "text" | "sentenceEnds" | "status">,
  index: number,
): Span | null {
  if (index < 0) return null;
  // The text after the last known end is the sentence being written. Once the reply is complete, the text after the
  // last end (an emoji, code) is part of the last sentence.
  const count = status === "streaming" ? sentenceEnds.length + 1 : Math.max(1, sentenceEnds.length);
  const at = Math.min(index, count - 1);
  const start = at === 0 ? 0 : utf16Offset(text, sentenceEnds[at - 1] ?? 0);
  const end = at === count - 1 ? text.length : utf16Offset(text, sentenceEnds[at] ?? text.length);
  return { start, end };
}

function utf16Offset(text: string, codePoints: number): number {
  let offset = 0;
  for (let count = 0; count < codePoints && offset < text.length; count += 1) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}
