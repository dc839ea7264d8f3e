/** The table with the characters, and the status line. */

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";

import { isMuted } from "../talk/answering";
import { type StatusLine, statusLine } from "../talk/status-line";
import type { Talk } from "../talk/talk";
import { Dots } from "./dots";
import { Icon } from "./icons";
import type { People } from "./people";
import { Seat } from "./seat";
import { seatState } from "./seat-state";
import { type SeatPosition, ROW_MAX, flatSeating, roundSeating } from "./seating";

export function Scene({ talk, people, onInvite }: { talk: Talk; people: People; onInvite: () => void }): JSX.Element {
  const view = talk.state.value;
  const status = statusLine(view);
  const present = people.characters.filter((character) => character.active);
  const round = roundSeating(present.length);
  const flat = flatSeating(present.length);
  const level = useComputed(() => `--level:${Math.min(1, talk.voiceLevel.value * 4).toFixed(2)}`);
  const lit = present.findIndex((character) => character.id === status.characterId);
  const light = `${spot("lx", "ly", round.seats[lit] ?? NEAR_SIDE)}${spot("flat-lx", "flat-ly", flat.seats[lit] ?? NEAR_SIDE)}`;
  return (
    <section
      class={`scene mood-${status.mood} ${present.length > ROW_MAX ? "many" : ""}`}
      aria-label="The table"
      style={`${light}--share:${round.share};--flat-share:${flat.share}`}
    >
      <div class="lamp" aria-hidden="true" />
      <div class="tabletop" aria-hidden="true" />
      <ul class="seats" aria-label="At the table">
        {present.map((character, index) => {
          const state = seatState(view, character.id, status);
          const place = `${spot("x", "y", round.seats[index])}${spot("flat-x", "flat-y", flat.seats[index])}`;
          return (
            <li
              key={character.id}
              class={isMuted(view.answering, character.id) ? `seat ${state.kind} muted` : `seat ${state.kind}`}
              style={`${place}${people.look(character.id).style}`}
            >
              <Seat talk={talk} character={character} state={state} halo={state.kind === "speaking" ? level : ""} />
            </li>
          );
        })}
      </ul>
      <div class="on-the-table">
        <p class="status-line" role="status">
          <StatusText status={status} />
          {(status.mood === "thinking" || status.mood === "connecting") && <Dots />}
        </p>
        {view.ducked && <p class="aside">quieter while you speak</p>}
        <PartialTranscript talk={talk} />
        {present.length === 0 && view.link === "live" && (
          <button type="button" class="invite" onClick={onInvite}>
            <Icon name="plus" /> No character takes part. Switch one on
          </button>
        )}
      </div>
    </section>
  );
}

const NEAR_SIDE: SeatPosition = { x: 50, y: 62 };

/** A position as two custom properties of CSS. */
function spot(x: string, y: string, at: SeatPosition = NEAR_SIDE): string {
  return `--${x}:${at.x.toFixed(2)}%;--${y}:${at.y.toFixed(2)}%;`;
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
      <p class="partial-transcript" dir="auto" aria-label="What you are saying">
        <span>{firm}</span>
        <span class="pale">{partial ? partial.slice(firm.length) : stable}</span>
      </p>
    </div>
  );
}
