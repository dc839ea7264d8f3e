import type { JSX } from "preact";

import type { Span } from "./markdown";

/** The part of a text from `start` to `end`, in the styles of its Markdown. */
export function MarkdownText({
  text,
  spans,
  start = 0,
  end = text.length,
}: {
  text: string;
  spans: readonly Span[];
  start?: number;
  end?: number;
}): JSX.Element {
  return (
    <>
      {spans.map((span) => {
        const part = text.slice(Math.max(start, span.start), Math.min(end, span.end));
        if (span.end <= start || span.start >= end || !part) return null;
        if (span.href) {
          return (
            <a key={span.start} class={span.style} href={span.href} target="_blank" rel="noopener noreferrer">
              {part}
            </a>
          );
        }
        return span.style ? (
          <span key={span.start} class={span.style}>
            {part}
          </span>
        ) : (
          part
        );
      })}
    </>
  );
}
