/**
 * Where the sentences of a reply lie in its text, so that the one being spoken can be marked.
 *
 * The server numbers the sentences it speaks but sends only the text. This follows the rules its splitter goes by
 * (services/llm, `text/sentences.py`) for what people say to each other; where they differ in a rare case, the mark is
 * a sentence off and nothing else.
 */

/** Start and end (exclusive) in the text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const FIRST_CLAUSE_MIN_CHARS = 40;
const CLAUSE_REST_MIN_CHARS = 12;
const MAX_CHARS = 300;

const STOP = /\n|[.!?…‼⁇⁈⁉؟۔।॥։።。！？｡]{1,32}["'”’»›)\]}」』】）〉》〕］｝*_~`]{0,16}/gu;
const STOP_OR_CLAUSE = new RegExp(`${STOP.source}|[,;:—–、，；：]`, "gu");
const WIDE = /[。！？｡]/u;
const WIDE_CLAUSE = /[、，；：]/u;
const NEVER_LAST = words(
  "mr mrs ms mx dr drs prof rev fr sr sra st ste mt ft vs cf viz e.g i.e eg ie gen col maj capt lt sgt gov sen z.b d.h bzw vgl",
);
const BEFORE_NUMBER = words("no nos nr num fig vol ch sec art p pp jan feb mar apr jun jul aug sep sept oct nov dec");
const MAYBE_LAST = words("etc al inc ltd co corp llc jr approx dept tel oz lb ave blvd rd apt ext usw");
const STARTERS = words(
  "i he she it we you they this that these those the there here a an my your his her our their who what when where why " +
    "how which and but so or then now yes no oh well ok okay please let if as because while after before in on at for " +
    "with from not never maybe perhaps just still even also do does did is are was were can could would will have has",
);

/** The sentences of a text as far as it is written; the last one may still be growing. */
export function sentencesOf(text: string): Span[] {
  const spans: Span[] = [];
  let start = 0;
  while (start < text.length) {
    const end = nextEnd(text, start, spans.length === 0);
    // What cannot be spoken (an emoji, a rule) belongs to the sentence after it, or at the end to the one before.
    if (/[\p{L}\p{N}]/u.test(text.slice(start, end))) spans.push({ start: spans.at(-1)?.end ?? 0, end });
    start = end;
  }
  const last = spans.at(-1);
  if (last && last.end < text.length) spans[spans.length - 1] = { start: last.start, end: text.length };
  return spans;
}

function nextEnd(text: string, start: number, first: boolean): number {
  const pattern = first ? STOP_OR_CLAUSE : STOP;
  pattern.lastIndex = start;
  const limit = start + MAX_CHARS;
  for (let found = pattern.exec(text); found && found.index < limit; found = pattern.exec(text)) {
    const end = found.index + found[0].length;
    if (found[0] === "\n") return end;
    if (/^[,;:—–、，；：]$/u.test(found[0])) {
      const clause = clauseEnd(text, start, found.index);
      if (clause) return clause;
    } else if (endsHere(text, start, found.index, found[0])) return end + spacesAt(text, end);
  }
  return text.length > limit ? forcedEnd(text, start, limit) : text.length;
}

function clauseEnd(text: string, start: number, at: number): number | null {
  const wide = WIDE_CLAUSE.test(text.charAt(at));
  const scale = wide ? 2 : 1;
  if ((at + 1 - start) * scale < FIRST_CLAUSE_MIN_CHARS) return null;
  const rest = text.slice(at + 1, at + 1 + Math.ceil(CLAUSE_REST_MIN_CHARS / scale));
  if (!wide && text.charAt(at) !== "—" && !/^\s/u.test(rest)) return null;
  if (rest.length * scale < CLAUSE_REST_MIN_CHARS || /[\n.!?…。！？]/u.test(rest)) return null;
  return at + 1 + (/^\s/u.test(rest) ? 1 : 0);
}

function endsHere(text: string, start: number, at: number, run: string): boolean {
  const after = at + run.length;
  const next = after + spacesAt(text, after);
  if (next >= text.length) return true;
  const following = text.charAt(next);
  if (following === "\n") return false; // the line end itself is the boundary
  if (WIDE.test(run)) return true;
  if (next === after || /[.!?…]/u.test(following)) return false;
  const lower = /\p{Ll}/u.test(following);
  const closed = /["'”’»›)\]}」』】）]/u.test(run);
  if (closed && lower) return false;
  if (/^(\.\.|…)/u.test(run) && !/[!?]/u.test(run)) return !lower && !/^I\b/u.test(text.slice(next));
  return run.startsWith(".") && !closed ? fullStopEnds(text, start, at, next) : true;
}

function fullStopEnds(text: string, start: number, at: number, next: number): boolean {
  const before = text.slice(start, at);
  const word = (/(?:^|[\s"'“‘(*_-])([^\s"'“‘(*_-]*)$/u.exec(before)?.[1] ?? "").toLowerCase();
  const following = text.charAt(next);
  if (NEVER_LAST.has(word) || /^[\s>*+•-]*\d{1,3}$/u.test(before)) return false;
  if (/\d/u.test(following) && BEFORE_NUMBER.has(word)) return false;
  const abbreviated = MAYBE_LAST.has(word) || /^(?:\p{L}|\p{L}{1,2}(?:\.\p{L}{1,2})+)$/u.test(word);
  if (!abbreviated || word === "i") return true;
  if (/\p{Lu}/u.test(following)) {
    return STARTERS.has((/^\p{L}+/u.exec(text.slice(next, next + 24))?.[0] ?? "").toLowerCase());
  }
  return !/[\p{Ll}\d]/u.test(following);
}

function forcedEnd(text: string, start: number, limit: number): number {
  const earliest = start + Math.floor((limit - start) / 3);
  const window = text.slice(earliest, limit);
  const clause = Math.max(...[", ", "; ", ": ", "— ", "– "].map((mark) => window.lastIndexOf(mark)));
  if (clause >= 0) return earliest + clause + 2;
  const space = window.lastIndexOf(" ");
  return space >= 0 ? earliest + space + 1 : limit;
}

function spacesAt(text: string, at: number): number {
  let count = 0;
  while (/[^\S\n]/u.test(text.charAt(at + count))) count += 1;
  return count;
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
