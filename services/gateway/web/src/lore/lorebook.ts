/**
 * Reads and changes the entries of a lorebook, in either format: world info has `entries` as an object, a character's
 * book as a list, with other names for the same fields. Everything else in a book stays as it is. Pure.
 */

import { type Placement, USUAL_PLACEMENT, placementFields, placementOf } from "./placement";

export type Book = Readonly<Record<string, unknown>>;

/** The fields of an entry that the page shows. */
export interface Entry {
  readonly name: string;
  readonly keys: readonly string[];
  readonly content: string;
  /** It is used without a key. */
  readonly constant: boolean;
  readonly enabled: boolean;
  readonly placement: Placement;
}

/** An entry with its place in `entries`. */
export interface PlacedEntry extends Entry {
  readonly place: string;
}

export const NEW_ENTRY: Entry = { name: "", keys: [], content: "", constant: false, enabled: true, placement: USUAL_PLACEMENT };
export const MAX_NAME_CHARS = 60;
export const MAX_CONTENT_CHARS = 8_000;

type Fields = Readonly<Record<string, unknown>>;

export function entriesOf(book: Book): readonly PlacedEntry[] {
  return Object.entries(fieldsOf(book["entries"])).map(([place, given]) => {
    const entry = fieldsOf(given);
    const keys = entry["keys"] ?? entry["key"];
    return {
      place,
      name: textOf(entry["comment"]) || textOf(entry["name"]),
      keys: keysOf(keys),
      content: textOf(entry["content"]),
      constant: entry["constant"] === true,
      enabled: entry["enabled"] !== false && entry["disable"] !== true,
      placement: placementOf(entry),
    };
  });
}

/** The book with these fields of the entry at this place changed; a new entry has no place. */
export function withEntry(book: Book, place: string | null, entry: Partial<Entry>): Book {
  const all = book["entries"];
  if (Array.isArray(all)) {
    const at = place === null ? all.length : Number(place);
    const before = fieldsOf(all[at]);
    const changed = { extensions: {}, insertion_order: 100, ...before, ...written(entry, before, false) };
    return { ...book, entries: all.toSpliced(at, 1, changed) };
  }
  const known = fieldsOf(all);
  const numbers = Object.entries(known).flatMap(([key, value]) => [Number(key), Number(fieldsOf(value)["uid"])]);
  const next = Math.max(-1, ...numbers.filter(Number.isInteger)) + 1;
  const at = place ?? String(next);
  const before = place === null ? { uid: next, order: 100, position: 0 } : fieldsOf(known[place]);
  return { ...book, entries: { ...known, [at]: { ...before, ...written(entry, before, true) } } };
}

export function withoutEntry(book: Book, place: string): Book {
  const all = book["entries"];
  if (Array.isArray(all)) return { ...book, entries: all.toSpliced(Number(place), 1) };
  const { [place]: _, ...others } = fieldsOf(all);
  return { ...book, entries: others };
}

export function isRecursive(book: Book): boolean {
  return book["recursive_scanning"] === true;
}

/** The keys in a text with one key on each line. */
export function keysIn(text: string): readonly string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()))].filter(Boolean);
}

/** The fields of an entry in the format of its book. Of a field with two names, the name counts that `before` has. */
function written(entry: Partial<Entry>, before: Fields, isWorldInfo: boolean): Fields {
  const { name, keys, content, constant, enabled, placement } = entry;
  return {
    ...(placement && placementFields(placement, before, isWorldInfo)),
    ...(keys && { [isWorldInfo && !("keys" in before) ? "key" : "keys"]: keys }),
    ...(content !== undefined && { content }),
    ...(constant !== undefined && { constant }),
    ...(enabled !== undefined && (!isWorldInfo || "enabled" in before) && { enabled }),
    ...(enabled !== undefined && (isWorldInfo || "disable" in before) && { disable: !enabled }),
    ...(name !== undefined && { comment: name }),
  };
}

/** The keys of a list, or of a text in which commas separate them, as the server reads them. */
function keysOf(value: unknown): readonly string[] {
  const given: readonly unknown[] = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : [];
  return given.flatMap((key) => (typeof key === "string" && key.trim() ? [key.trim()] : []));
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
