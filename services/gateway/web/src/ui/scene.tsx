/** The table with the characters, and the status line. */

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";

import { isMuted } from "../talk/answering";
import { type StatusLine, statusLine } from "../talk/status-line";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { Dots } from "./dots";
import { Icon } from "./icons";
import type { People } from "./people";
import { Seat } from "./seat";
import { useSeatMoving } from "./seat-moving";
import { seatState } from "./seat-state";
import { useSize } from "./scene-size";
import { type Room, type Seating, seating, textSize } from "./seating";

interface Props {
  readonly talk: Talk;
  readonly people: People;
  /** Address the next message to this character. */
  readonly onAsk: (id: string) => void;
  /** Open the panel of characters: with the form of this one, or with the list (`""`). */
  readonly onCharacters: (id: string) => void;
}

export function Scene({ talk, people, onAsk, onCharacters }: Props): JSX.Element {
  const view = talk.state.value;
  const status = statusLine(view);
  const present = people.characters.filter((character) => character.active);
  const element = useRef<HTMLElement>(null);
  const { width, height } = useSize(element);
  const places = view.charactersKnown ? present.length : EXPECTED;
  const seats = useMemo(() => seating(places, { width, height }), [places, width, height]);
  const level = useComputed(() => `--level:${Math.min(1, talk.voiceLevel.value * 4).toFixed(2)}`);
  const seat = useSeatMoving({
    element,
    ids: present.map(({ id }) => id),
    seats: seats.seats,
    nameOf: (id) => present.find((each) => each.id === id)?.name ?? "",
    onMoved: (ids) => talk.changes.seats(ids),
  });
  const actions = { onAsk, onEdit: onCharacters, onMove: present.length > 1 ? seat.grab : null };
  const lit = seat.order.indexOf(status.characterId);
  return (
    <section
      ref={element}
      class={`scene mood-${status.mood} ${seats.shape} ${present.length > MANY ? "many" : ""}`}
      aria-label={texts.scene.table}
      style={`${lightAt(seats, lit, { width, height })}--portrait:${seats.portrait}rem;--card:${seats.card}rem`}
    >
      <div class="lamp" aria-hidden="true" />
      <div class="tabletop" aria-hidden="true" />
      <p class="unseen" aria-live="assertive">
        {seat.announcement}
      </p>
      <ul class={seat.moving ? "seats moving" : "seats"} aria-label={texts.scene.seats}>
        {present.map((character) => {
          const state = seatState(view, character.id, status);
          const moving = seat.moving?.id === character.id ? seat.moving : null;
          const { x, y } = moving?.at ?? seats.seats[seat.order.indexOf(character.id)] ?? { x: 0, y: 0 };
          const classes = ["seat", state.kind];
          if (isMuted(view.answering, character.id)) classes.push("muted");
          if (moving) classes.push(moving.at ? "dragged" : "grabbed");
          const place = `${fromCentre("left", x, width)}top:${y.toFixed(2)}rem;`;
          return (
            <li
              key={character.id}
              data-seat={character.id}
              class={classes.join(" ")}
              style={`${place}${people.look(character.id).style}`}
            >
              <Seat
                talk={talk}
                character={character}
                state={state}
                halo={state.kind === "speaking" ? level : ""}
                handlers={seat.handlers(character.id)}
                actions={actions}
              />
            </li>
          );
        })}
      </ul>
      <div class="on-the-table" style={textBox(seats, width)}>
        <p class={status.text.length > LONG_STATUS ? "status-line long" : "status-line"} role="status">
          <StatusText status={status} />
          {(status.mood === "thinking" || status.mood === "connecting") && <Dots />}
        </p>
        {view.ducked && <p class="aside">{texts.scene.ducked}</p>}
        <PartialTranscript talk={talk} />
        {places === 0 && view.link === "live" && (
          <button type="button" class="invite" onClick={() => onCharacters("")}>
            <Icon name="plus" /> {texts.scene.invite}
          </button>
        )}
      </div>
    </section>
  );
}

/** A longer status line is written smaller, in two lines. */
const LONG_STATUS = 24;

/** Until the characters are known, the table has room for this many, so that the status line usually stays in place. */
const EXPECTED = 3;

/** With more characters than this, a low scene becomes higher. */
const MANY = 5;

/** A horizontal position. The measured width may be a little smaller than the scene. */
function fromCentre(property: string, x: number, width: number): string {
  return `${property}:calc(50% + ${(x - width / 2).toFixed(2)}rem);`;
}

/** The light at the speaking character, or in the middle of the table. */
function lightAt({ seats }: Seating, lit: number, { width, height }: Room): string {
  const at = seats[lit] ?? { x: width / 2, y: height * 0.62 };
  return `--lx:${((100 * at.x) / width).toFixed(1)}%;--ly:${((100 * at.y) / height).toFixed(1)}%;`;
}

function textBox(seats: Seating, sceneWidth: number): string {
  const { text } = seats;
  const [width, height] = [text.right - text.left, text.bottom - text.top];
  const place = `${fromCentre("left", text.left, sceneWidth)}top:${text.top.toFixed(2)}rem;`;
  const size = `--text-size:${textSize(seats).toFixed(2)}rem;`;
  return `${place}${size}width:${width.toFixed(2)}rem;height:${height.toFixed(2)}rem`;
}

/** The text of the status line. The character's name in it is written in the direction of its own script. */
function StatusText({ status: { name, text } }: { status: StatusLine }): JSX.Element {
  if (!name || !text.startsWith(name)) return <>{text}</>;
  return (
    <>
      <bdi dir="auto">{name}</bdi>
      {text.slice(name.length)}
    </>
  );
}

/** The partial transcript while the user speaks. Its stable part is dark, the rest is pale. */
function PartialTranscript({ talk }: { talk: Talk }): JSX.Element | null {
  const { partial, stable } = talk.state.value.listening;
  if (!partial && !stable) return null;
  const firm = partial.startsWith(stable) ? stable : "";
  return (
    <div class="partial">
      <p class="partial-transcript" dir="auto" aria-label={texts.scene.partial}>
        <span>{firm}</span>
        <span class="pale">{partial ? partial.slice(firm.length) : stable}</span>
      </p>
    </div>
  );
}
