/** One character at the table: the portrait, which opens a small menu, and the place card. */

import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";

import { isMuted } from "../talk/answering";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import type { Participant } from "../wire/events";
import { Icon } from "./icons";
import { Popover } from "./popover";
import { Portrait } from "./portrait";
import type { SeatState } from "./seat-state";

interface Props {
  readonly talk: Talk;
  readonly character: Participant;
  readonly state: SeatState;
  /** CSS for the halo. */
  readonly halo: ReadonlySignal<string> | string;
}

export function Seat({ talk, character, state, halo }: Props): JSX.Element {
  const { answering, link } = talk.state.value;
  const { id, name } = character;
  const muted = isMuted(answering, id);
  const words = state.words || (muted ? texts.seat.muted : "");
  return (
    <Popover
      class="seat-button"
      label={name}
      widest={14}
      align="centre"
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
      {(close) => {
        const then = (act: () => void) => () => {
          close();
          act();
        };
        return (
          <>
            <p class="popover-title" dir="auto">
              {name}
            </p>
            {state.why && <p class="detail">{state.why}</p>}
            <button type="button" class="action" disabled={link !== "live"} onClick={then(() => talk.requestReply(id))}>
              <Icon name="talks" /> {texts.seat.answerNow}
            </button>
            <button type="button" class="action" disabled={link !== "live"} onClick={then(() => talk.mute(id, !muted))}>
              <Icon name={muted ? "talks" : "hush"} /> {muted ? texts.seat.unmute : texts.seat.mute}
            </button>
            <p class="detail">{texts.seat.muteEffect}</p>
          </>
        );
      }}
    </Popover>
  );
}
