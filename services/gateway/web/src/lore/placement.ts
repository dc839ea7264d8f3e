/**
 * Reads and changes where an entry of a lorebook goes in a prompt, in either format. `docs/prompt.md` has the rules, and
 * the llm worker reads the same fields (`tertulia_shared.lorebooks.reading`). Pure.
 */

/** Before or after the character's text, or into the history. */
export const PLACES = ["before", "after", "depth"] as const;
export type Place = (typeof PLACES)[number];

export interface Placement {
  readonly place: Place;
  /** For the place `depth`: how many messages of the history follow the entry. */
  readonly depth: number;
  /** Of the entries at one place, a higher order comes later. */
  readonly order: number;
}

/** What applies to an entry that says nothing. */
export const USUAL_PLACEMENT: Placement = { place: "before", depth: 4, order: 100 };
export const MAX_DEPTH = 1_000;
export const MAX_ORDER = 1_000_000;

type Fields = Readonly<Record<string, unknown>>;

/** The numbers that SillyTavern has for these places. It has more; see `placeOf`. */
const NUMBERS: Readonly<Record<Place, number>> = { before: 0, after: 1, depth: 4 };
const DECORATORS = /^(?:@@.*\n)*?@@@?(?:depth|position)\b/;

export function placementOf(entry: Fields): Placement {
  const extensions = fieldsOf(entry["extensions"]);
  const given = Number.isInteger(extensions["position"]) ? extensions["position"] : entry["position"];
  const isBesideNote = given === 2 || given === 3;
  return {
    place: placeOf(given),
    depth: isBesideNote
      ? USUAL_PLACEMENT.depth
      : bounded(("depth" in entry ? entry : extensions)["depth"], USUAL_PLACEMENT.depth, 0, MAX_DEPTH),
    order: bounded(entry["insertion_order" in entry ? "insertion_order" : "order"], USUAL_PLACEMENT.order, -MAX_ORDER, MAX_ORDER),
  };
}

/** The fields that give an entry this placement. Empty if it has it: a place that only SillyTavern knows stays. */
export function placementFields(wanted: Placement, before: Fields, isWorldInfo: boolean): Fields {
  const now = placementOf(before);
  const isMoved = wanted.place !== now.place || (wanted.place === "depth" && wanted.depth !== now.depth);
  return {
    ...(isMoved && placeFields(wanted, before, isWorldInfo)),
    ...(wanted.order !== now.order && orderFields(wanted.order, before, isWorldInfo)),
  };
}

/** Whether lines at the beginning of the text say where it goes (decorators of V3). They win over the fields. */
export function hasOwnPlacement(content: string): boolean {
  return DECORATORS.test(content);
}

/** The whole number in a text; null if it has none within these bounds. */
export function numberIn(text: string, least: number, most: number): number | null {
  const typed = text.trim().replace("−", "-");
  if (!/^[-+]?\d{1,15}$/.test(typed)) return null;
  const number = Number(typed) + 0; // no -0
  return number >= least && number <= most ? number : null;
}

function placeFields({ place, depth }: Placement, before: Fields, isWorldInfo: boolean): Fields {
  const number = NUMBERS[place];
  const extensions = fieldsOf(before["extensions"]);
  if (isWorldInfo) {
    return {
      position: number,
      ...(place === "depth" && { depth }),
      // A number there would win.
      ...("position" in extensions && { extensions: { ...extensions, position: number } }),
    };
  }
  return {
    position: place === "before" ? "before_char" : "after_char",
    extensions: { ...extensions, position: number, ...(place === "depth" && { depth }) },
    ...(place === "depth" && "depth" in before && { depth }),
  };
}

function orderFields(order: number, before: Fields, isWorldInfo: boolean): Fields {
  return {
    ...((isWorldInfo || "order" in before) && { order }),
    ...((!isWorldInfo || "insertion_order" in before) && { insertion_order: order }),
  };
}

/** By the name in a character's book, or by SillyTavern's number: 2 and 3 are beside the author's note. */
function placeOf(given: unknown): Place {
  switch (given) {
    case "after_char":
    case 1:
    case 5:
    case 6:
    case 7:
      return "after";
    case 2:
    case 3:
    case 4:
      return "depth";
    default:
      return "before";
  }
}

function bounded(value: unknown, usual: number, least: number, most: number): number {
  return typeof value === "number" ? Math.trunc(Math.min(Math.max(value, least), most)) + 0 : usual;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
