/** The menu of one character at the table. */

import type { JSX } from "preact";

import { isMuted } from "../talk/answering";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import type { Participant } from "../wire/events";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { Greetings } from "./greetings";
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
  const { answering, link, messages, isLoadingStored } = talk.state.value;
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
        <Icon name="send" /> {texts.seat.ask}
      </button>
      <button type="button" class="action" disabled={offline} onClick={then(() => talk.requestReply(id))}>
        <Icon name="talks" /> {texts.seat.answerNow}
      </button>
      {messages.length === 0 && !isLoadingStored && <Greetings talk={talk} id={id} disabled={offline} begin={(nth) => then(() => talk.requestReply(id, nth))()} />}
      <button type="button" class="action" disabled={offline} onClick={then(() => talk.changes.mute(id, !muted))}>
        <Icon name={muted ? "talks" : "hush"} /> {muted ? texts.seat.unmute : texts.seat.mute}
      </button>
      <p class="detail">{texts.seat.muteEffect}</p>
      <button type="button" class="action" aria-busy={voice.isLoading} onClick={voice.isOn ? voice.stop : voice.play}>
        {voice.isLoading ? <span class="spinner" aria-hidden="true" /> : <Icon name={voice.isOn ? "stop" : "play"} />}{" "}
        {voice.isOn ? texts.seat.stopVoice : texts.seat.hearVoice}
      </button>
      <FieldProblem text={voice.problem} />
      <button type="button" class="action" onClick={then(() => actions.onEdit(id))}>
        <Icon name="gear" /> {texts.seat.edit}
      </button>
      <button type="button" class="action" disabled={offline} onClick={then(() => talk.changes.seat(id, false))}>
        <Icon name="leave" /> {texts.seat.leave}
      </button>
      {actions.onMove && (
        <button type="button" class="action with-keys" onClick={then(() => actions.onMove?.(id))}>
          <Icon name="move" /> {texts.seat.move}
        </button>
      )}
    </>
  );
}
