/** One character at the table: the portrait, which opens a small menu, and the place card. */

import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";

import { isMuted } from "../talk/answering";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import type { Participant } from "../wire/events";
import { Icon } from "./icons";
import { type ButtonHandlers, Popover } from "./popover";
import { Portrait } from "./portrait";
import { type SeatActions, SeatMenu } from "./seat-menu";
import type { SeatState } from "./seat-state";

interface Props {
  readonly talk: Talk;
  readonly character: Participant;
  readonly state: SeatState;
  /** CSS for the halo. */
  readonly halo: ReadonlySignal<string> | string;
  readonly handlers: ButtonHandlers;
  readonly actions: SeatActions;
}

export function Seat({ talk, character, state, halo, handlers, actions }: Props): JSX.Element {
  const { id, name } = character;
  const muted = isMuted(talk.state.value.answering, id);
  const words = state.words || (muted ? texts.seat.muted : "");
  return (
    <Popover
      class="seat-button"
      label={name}
      widest={17}
      align="centre"
      lazy
      handlers={handlers}
      title={state.why ? `${name}. ${state.why}` : name}
      button={
        <>
          <span class="halo" style={halo}>
            <Portrait name={name} image={character.image} />
            {muted && (
              <span class="muted-mark">
                <Icon name="hush" />
              </span>
            )}
          </span>
          <span class="place-card">
            <bdi dir="auto">{name}</bdi> {words && <span class={state.words ? "what" : "what muted"}>{words}</span>}
          </span>
        </>
      }
    >
      {(close) => (
        <SeatMenu talk={talk} character={character} why={state.why} close={close} actions={actions} />
      )}
    </Popover>
  );
}
