/** The menu of one character at the table. */

import type { JSX } from "preact";

import { isMuted } from "../talk/answering";
import type { Talk } from "../talk/talk";
import type { Participant } from "../wire/events";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { useCharacterVoice } from "./character-voice";

export interface SeatActions {
  /** Address the next message to this character. */
  onAsk(id: string): void;
  onEdit(id: string): void;
  /** Move this character with the arrow keys; null if there is no other seat. */
  readonly onMove: ((id: string) => void) | null;
}

interface Props {
  readonly talk: Talk;
  readonly character: Participant;
  /** Why the character answers; `""` if it does not. */
  readonly why: string;
  readonly close: () => void;
  readonly actions: SeatActions;
}

export function SeatMenu({ talk, character, why, close, actions }: Props): JSX.Element {
  const { id, name } = character;
  const { answering, link } = talk.state.value;
  const muted = isMuted(answering, id);
  const offline = link !== "live";
  const voice = useCharacterVoice(talk, id);
  const then = (act: () => void) => () => {
    voice.stop();
    close();
    act();
  };
  return (
    <>
      <p class="popover-title" dir="auto">
        {name}
      </p>
      {why && <p class="detail">{why}</p>}
      <button type="button" class="action" onClick={then(() => actions.onAsk(id))}>
        <Icon name="send" /> Ask in a message
      </button>
      <button type="button" class="action" disabled={offline} onClick={then(() => talk.requestReply(id))}>
        <Icon name="talks" /> Answer now
      </button>
      <button type="button" class="action" disabled={offline} onClick={then(() => talk.mute(id, !muted))}>
        <Icon name={muted ? "talks" : "hush"} /> {muted ? "Unmute" : "Mute in this conversation"}
      </button>
      <p class="detail">A muted character answers only if you name it.</p>
      <button type="button" class="action" aria-busy={voice.isLoading} onClick={voice.isOn ? voice.stop : voice.play}>
        {voice.isLoading ? <span class="spinner" aria-hidden="true" /> : <Icon name={voice.isOn ? "stop" : "play"} />}{" "}
        {voice.isOn ? "Stop the voice" : "Hear the voice"}
      </button>
      <FieldProblem text={voice.problem} />
      <button type="button" class="action" onClick={then(() => actions.onEdit(id))}>
        <Icon name="gear" /> Edit
      </button>
      {actions.onMove && (
        <button type="button" class="action with-keys" onClick={then(() => actions.onMove?.(id))}>
          <Icon name="move" /> Move with the arrow keys
        </button>
      )}
    </>
  );
}
