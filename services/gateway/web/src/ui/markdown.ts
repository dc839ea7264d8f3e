/**
 * Finds the Markdown in a reply: which parts of the text are shown in which style, and which marks are not shown. Offsets
 * are those of the text, because the page marks what is being spoken by offsets. Pure.
 */

export interface Span {
  readonly start: number;
  readonly end: number;
  /** CSS classes; `""` for plain text. */
  readonly style: string;
  /** The address of a link; `""` if it is none. */
  readonly href: string;
}

/** A rule: the group `shown` is what remains of the match. */
interface Rule {
  readonly pattern: RegExp;
  readonly style: string;
  /** True if the shown text may contain further marks. */
  readonly nests: boolean;
}

/** The pattern looks no further than this for a closing mark, so that a text without one costs little. */
const RULES: readonly Rule[] = [
  { pattern: /^```[^\n]{0,40}\n(?<shown>[\s\S]{0,4000}?)\n?^```[^\S\n]*$/dgmu, style: "md-code", nests: false },
  { pattern: /`(?<shown>[^`\n]{1,300})`/dgu, style: "md-code", nests: false },
  { pattern: /\[(?<shown>[^\]\n]{1,300})\]\((?<href>https?:\/\/[^\s)]{1,500})\)/dgu, style: "", nests: true },
  { pattern: /(?<shown>(?<href>https?:\/\/[^\s<>"'`]{0,500}[^\s<>"'`.,;:!?)\]]))/dgu, style: "", nests: false },
  { pattern: /^#{1,6}[^\S\n]+(?<shown>[^\n]+)/dgmu, style: "md-strong", nests: true },
  { pattern: /\*\*(?<shown>[^\s*](?:[^\n]{0,500}?[^\s*])?)\*\*/dgu, style: "md-strong", nests: true },
  { pattern: /(?<!\w)__(?<shown>[^\s_](?:[^\n]{0,500}?[^\s_])?)__(?!\w)/dgu, style: "md-strong", nests: true },
  { pattern: /(?<![\w*])\*(?<shown>[^\s*](?:[^*\n]{0,500}[^\s*])?)\*(?![\w*])/dgu, style: "md-em", nests: true },
  { pattern: /(?<![\w_])_(?<shown>[^\s_](?:[^_\n]{0,500}[^\s_])?)_(?![\w_])/dgu, style: "md-em", nests: true },
  { pattern: /~~(?<shown>[^\s~](?:[^~\n]{0,500}[^\s~])?)~~/dgu, style: "md-gone", nests: true },
];
/** Without one of these there is no Markdown. */
const MARK = /[*_`#~]|\]\(|https?:/u;

/** The shown parts of the text, in order. What is between them is not shown. */
export function markdownSpans(text: string): readonly Span[] {
  if (!MARK.test(text)) return [{ start: 0, end: text.length, style: "", href: "" }];
  const spans: Span[] = [];
  add(spans, text, { start: 0, end: text.length, style: "", href: "" });
  return spans;
}

function add(spans: Span[], text: string, within: Span): void {
  const search = new Search(text, within.start, within.end);
  let at = within.start;
  for (let found = search.next(at); found; found = search.next(at)) {
    if (found.start > at) spans.push({ ...within, start: at, end: found.start });
    const shown = {
      start: found.shownStart,
      end: found.shownEnd,
      style: [within.style, found.rule.style].filter(Boolean).join(" "),
      href: within.href || found.href,
    };
    if (found.rule.nests) add(spans, text, shown);
    else spans.push(shown);
    at = found.end;
  }
  if (at < within.end) spans.push({ ...within, start: at });
}

interface Found {
  readonly rule: Rule;
  readonly start: number;
  readonly end: number;
  readonly shownStart: number;
  readonly shownEnd: number;
  readonly href: string;
}

/** Finds the matches in a part of the text. The next match of each rule is remembered, so that it is found once. */
class Search {
  #next: (Found | null)[];

  constructor(
    private readonly text: string,
    start: number,
    private readonly end: number,
  ) {
    this.#next = RULES.map((rule) => this.#find(rule, start));
  }

  /** The match that begins first, at `start` or behind it; of those at the same place, the one of the first rule. */
  next(start: number): Found | null {
    let best: Found | null = null;
    for (const [index, rule] of RULES.entries()) {
      let found = this.#next[index] ?? null;
      if (found && found.start < start) this.#next[index] = found = this.#find(rule, start);
      if (found && (!best || found.start < best.start)) best = found;
    }
    return best;
  }

  #find(rule: Rule, start: number): Found | null {
    const { pattern } = rule;
    pattern.lastIndex = start;
    const match = pattern.exec(this.text);
    const shown = match?.indices?.groups?.["shown"];
    if (!match || !shown || match.index + match[0].length > this.end) return null;
    return {
      rule,
      start: match.index,
      end: match.index + match[0].length,
      shownStart: shown[0],
      shownEnd: shown[1],
      href: match.groups?.["href"] ?? "",
    };
  }
}
