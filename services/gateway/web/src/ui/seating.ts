/**
 * Positions and sizes of the characters at the table, so that no portrait, name or text covers another. Pure.
 *
 * `seating` tries layouts of both shapes of the table, from large portraits to small ones, and takes the best that fits.
 * All lengths are in rem, from the scene's top left corner.
 */

export interface Room {
  readonly width: number;
  readonly height: number;
}

export interface SeatPosition {
  /** The centre of the portrait with its place card. */
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type Shape = "round" | "flat";

export interface Seating {
  readonly shape: Shape;
  /** Positions clockwise, from the left. */
  readonly seats: readonly SeatPosition[];
  /** The diameter of a portrait. */
  readonly portrait: number;
  /** The maximum width of a place card. */
  readonly card: number;
  /** The space for the status line. */
  readonly text: Box;
}

/** The sizes of `scene.css`: the ring around a portrait, and the place card below it, which may overlap the ring. */
const RING = 0.5;
const CARD_HEIGHT: Record<Shape, number> = { round: 1.65, flat: 1.4 };
const CARD_OFFSET: Record<Shape, number> = { round: 0.3, flat: -0.2 };
/** Free space between two characters: the one that speaks is drawn larger. */
const GAP = 0.35;
const EDGE = 0.35;
/** For the comparison of computed lengths. */
const ROUNDING = 1e-6;
const PORTRAITS = [9, 7.5, 6.25, 5.75, 5.25, 4.75, 4.25, 3.75, 3.5, 3.25, 3, 2.75, 2.5, 2.25, 2, 1.75];
const CARDS = [18, 14, 11, 9, 8, 7, 6, 5.25, 4.5, 4, 3.5, 3, 2.6, 2.2];
/** Only in a large scene, portraits are larger than this. */
const USUAL_PORTRAIT = 6.25;
const LARGEST_SHARE = 0.16;
/** Cards wider than this are no advantage: few names are longer. */
const CARD_USEFUL = 10;
/** The part of the circle that the characters take, in degrees. The user sits at the rest. */
const SPREADS = [1, 1.2, 0.85];
const SPREAD_MAX = 290;
/** The space that the status line needs. */
const TEXT_WIDTH = 9.5;
const TEXT_HEIGHT: Record<Shape, number> = { round: 3.4, flat: 1.7 };
const TEXT_SIZE = { min: 1.05, max: 1.9 };
/** The table is flat in wide and in low scenes. It has its other shape only if portraits or names get too small. */
const FLAT_ASPECT = 1.45;
const FLAT_HEIGHT = 18;
const OTHER_SHAPE_COSTS = 3;
const COMFORTABLE = { portrait: 3.75, card: 4.5 };
const COMFORT = 10;
/** A row of a flat table does not spread further than this, so that two characters sit side by side. */
const ROW_GAP_MAX = 12;

type Candidate = Pick<Seating, "shape" | "portrait" | "card"> & { readonly seats: readonly SeatPosition[] };

export function seating(count: number, room: Room): Seating {
  let best = smallest(count, room);
  let bestScore = Number.NEGATIVE_INFINITY;
  const largest = Math.max(USUAL_PORTRAIT, LARGEST_SHARE * Math.min(room.width, room.height));
  for (const portrait of PORTRAITS.filter((each) => each <= largest)) {
    for (const card of CARDS) {
      if (score({ shape: preferred(room), portrait, card }, room) <= bestScore) continue;
      for (const candidate of candidates(count, portrait, card, room)) {
        const found = score(candidate, room);
        if (found <= bestScore || !fits(candidate, room)) continue;
        const text = textSpace(candidate, room);
        if (text) [best, bestScore] = [{ ...candidate, text }, found];
      }
    }
  }
  return best;
}

function preferred({ width, height }: Room): Shape {
  return width / height > FLAT_ASPECT || height < FLAT_HEIGHT ? "flat" : "round";
}

function score({ shape, portrait, card }: Omit<Candidate, "seats">, room: Room): number {
  const comfort = portrait >= COMFORTABLE.portrait && card >= COMFORTABLE.card ? COMFORT : 0;
  const costs = shape === preferred(room) ? 0 : OTHER_SHAPE_COSTS;
  return comfort + portrait + 0.35 * Math.min(card, CARD_USEFUL) - costs;
}

function candidates(count: number, portrait: number, card: number, room: Room): Candidate[] {
  const round = SPREADS.map((factor) => roundTable(count, portrait, card, room, factor));
  const flat = [1, 2].map((rows) => flatTable(count, portrait, card, room, rows));
  return [...round, ...flat];
}

/** The layout for a scene that is too small for every other one. */
function smallest(count: number, room: Room): Seating {
  const [portrait, card] = [PORTRAITS.at(-1) ?? 0, CARDS.at(-1) ?? 0];
  const text = { left: 0, right: room.width, top: room.height - TEXT_HEIGHT.flat, bottom: room.height };
  return { ...flatTable(count, portrait, card, room, 2), text };
}

function seatHeight(shape: Shape, portrait: number): number {
  return portrait + RING + CARD_OFFSET[shape] + CARD_HEIGHT[shape];
}

const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** An arc of an ellipse. The fewer characters there are, the closer together they sit. */
function roundTable(count: number, portrait: number, card: number, room: Room, factor: number): Candidate {
  const height = seatHeight("round", portrait);
  const width = Math.max(card, portrait + RING);
  const centre = { x: room.width / 2, y: room.height * 0.58 };
  const radius = {
    x: Math.min(room.width * 0.4, (room.width - width) / 2 - EDGE),
    y: Math.min(room.height * 0.36, centre.y - height / 2 - EDGE),
  };
  const spread = (Math.min(SPREAD_MAX, (56 + count * 28) * factor) * Math.PI) / 180;
  const at = (share: number): SeatPosition => ({
    x: centre.x + radius.x * Math.sin((share - 0.5) * spread),
    y: centre.y - radius.y * Math.cos((share - 0.5) * spread),
  });
  const seats = evenly(count, at, { x: width + GAP, y: height + GAP });
  return { shape: "round", seats, portrait, card };
}

const STEPS = 40;

/** Positions on a curve with equal distances, measured in boxes of this size: two boxes touch at the distance 1. */
function evenly(count: number, at: (share: number) => SeatPosition, box: SeatPosition): SeatPosition[] {
  if (count === 1) return [at(0.5)];
  const lengths = [0];
  for (let step = 1, before = at(0); step <= STEPS; step += 1) {
    const point = at(step / STEPS);
    lengths.push((lengths[step - 1] ?? 0) + Math.hypot((point.x - before.x) / box.x, (point.y - before.y) / box.y));
    before = point;
  }
  return indices(count).map((index) => at(shareAt(lengths, ((lengths[STEPS] ?? 0) * index) / (count - 1))));
}

/** The share of the curve at this length, by linear interpolation. */
function shareAt(lengths: readonly number[], length: number): number {
  const step = Math.max(1, lengths.findIndex((each) => each >= length - ROUNDING));
  const [from, to] = [lengths[step - 1] ?? 0, lengths[step] ?? 0];
  return (step - 1 + (length - from) / (to - from)) / STEPS;
}

/** One row in a slight arc, or two rows, in which each character sits between two of the other row. */
function flatTable(count: number, portrait: number, card: number, room: Room, rows: number): Candidate {
  const height = seatHeight("flat", portrait);
  const width = Math.max(card, portrait + RING);
  const gap = count === 1 ? 0 : Math.min(ROW_GAP_MAX / rows, (room.width - width - 2 * EDGE) / (count - 1));
  const top = EDGE + height / 2;
  const arc = rows === 1 ? Math.min(1, room.height * 0.06) : 0;
  const seats = indices(count).map((index) => {
    const fromCentre = index - (count - 1) / 2;
    const curve = count === 1 ? 0 : arc * ((2 * fromCentre) / (count - 1)) ** 2;
    return { x: room.width / 2 + fromCentre * gap, y: top + (rows === 1 ? curve : (index % 2) * (height + GAP)) };
  });
  return { shape: "flat", seats, portrait, card };
}

/** The portrait and the place card of a seat. */
export function boxesOf({ shape, portrait, card }: Omit<Candidate, "seats">, { x, y }: SeatPosition): [Box, Box] {
  const top = y - seatHeight(shape, portrait) / 2;
  const face = portrait + RING;
  const cardTop = top + face + CARD_OFFSET[shape];
  return [
    { left: x - face / 2, right: x + face / 2, top, bottom: top + face },
    { left: x - card / 2, right: x + card / 2, top: cardTop, bottom: cardTop + CARD_HEIGHT[shape] },
  ];
}

export function overlap(one: Box, other: Box, gap = 0): boolean {
  return (
    one.left < other.right + gap &&
    other.left < one.right + gap &&
    one.top < other.bottom + gap &&
    other.top < one.bottom + gap
  );
}

function fits(candidate: Candidate, room: Room): boolean {
  const boxes = candidate.seats.map((seat) => boxesOf(candidate, seat));
  const edge = EDGE - ROUNDING;
  const inside = ({ left, right, top, bottom }: Box) =>
    left >= edge && right <= room.width - edge && top >= edge && bottom <= room.height - edge;
  if (!boxes.flat().every(inside)) return false;
  return boxes.every((one, index) =>
    boxes.slice(index + 1).every((other) => !one.some((mine) => other.some((theirs) => overlap(mine, theirs, GAP - ROUNDING)))),
  );
}

/** The width of a usual status line, in letter sizes: "Ready when you are" in a wide typeface. */
const USUAL_WIDTH = 12;
/** Letters are made smaller for one line instead of two, but not smaller than this, in rem. */
const ONE_LINE_MIN = 1.15;

/**
 * The size of the status line's letters, so that it fits in two lines at a round table, in one at a flat one. A usual
 * line fits in one at a round table, too, unless the letters were small then.
 */
export function textSize({ shape, text }: Seating): number {
  const [width, height] = [text.right - text.left, text.bottom - text.top];
  const size = Math.min(TEXT_SIZE.max, width / TEXT_WIDTH, height / (shape === "round" ? 2.5 : 1.5));
  const inOneLine = width / USUAL_WIDTH;
  return Math.max(TEXT_SIZE.min, inOneLine < ONE_LINE_MIN ? size : Math.min(size, inOneLine));
}

/** The free space on the table for the status line, or null if it is too small. */
function textSpace(candidate: Candidate, room: Room): Box | null {
  const boxes = candidate.seats.flatMap((seat) => boxesOf(candidate, seat));
  return candidate.shape === "flat" ? belowAll(boxes, room) : between(boxes, room);
}

function belowAll(boxes: readonly Box[], room: Room): Box | null {
  const top = Math.max(0, ...boxes.map(({ bottom }) => bottom)) + GAP / 2;
  const margin = room.width * 0.08;
  const bottom = room.height * 0.97;
  return bottom - top < TEXT_HEIGHT.flat ? null : { left: margin, right: room.width - margin, top, bottom };
}

/** The widest free space on the table. Of about equally wide ones, the one nearest to the middle of the table. */
function between(boxes: readonly Box[], room: Room): Box | null {
  const [middle, low] = [room.width / 2, room.height * 0.92];
  const height = TEXT_HEIGHT.round;
  const spaces: { half: number; top: number; away: number }[] = [];
  for (let top = room.height * 0.35; top + height <= low; top += 0.25) {
    const beside = boxes.filter((box) => overlap({ left: 0, right: room.width, top, bottom: top + height }, box, GAP));
    const half = Math.min(
      room.width * 0.32,
      ...beside.map(({ left, right }) => Math.max(left - middle, middle - right) - GAP),
    );
    spaces.push({ half, top, away: Math.abs(top + height / 2 - room.height * 0.6) });
  }
  const widest = Math.max(0, ...spaces.map(({ half }) => half));
  if (widest < TEXT_WIDTH / 2) return null;
  const wide = spaces.filter(({ half }) => half > 0.9 * widest && half >= TEXT_WIDTH / 2);
  const { half, top } = wide.reduce((best, each) => (each.away < best.away ? each : best));
  const space = { left: middle - half, right: middle + half, top };
  const under = boxes.filter((box) => overlap({ ...space, bottom: low }, box, GAP));
  return { ...space, bottom: Math.min(low, top + 1.5 * height, ...under.map((box) => box.top - GAP)) };
}
