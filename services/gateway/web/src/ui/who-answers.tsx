/** The control that says who answers in this conversation, and whether the characters talk among themselves. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { DISCUSSION_MAX, USUAL_DISCUSSION, shownMode, shownRules } from "../talk/answering";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { MODES, modeLabel } from "./answering-modes";
import { Fill } from "./fill";
import { Icon } from "./icons";
import type { People } from "./people";
import { Popover } from "./popover";

export function WhoAnswers({ talk, people }: { talk: Talk; people: People }): JSX.Element {
  const { answering } = talk.state.value;
  const mode = shownMode(answering);
  const { discussion } = shownRules(answering);
  return (
    <Popover
      class="chip"
      label={texts.whoAnswers.title}
      widest={23}
      align="start"
      button={
        <>
          <Icon name="people" />
          <span class="shortened">
            <span class="caption">{texts.whoAnswers.caption}</span> {modeLabel(mode)}
          </span>
          {discussion > 0 && (
            <>
              <span class="unseen">{texts.whoAnswers.alsoDiscuss}</span>
              <Icon name="talks" />
            </>
          )}
          <Icon name="chevron" />
        </>
      }
    >
      {() => (
        <>
          <fieldset class="choices" disabled={!answering.confirmed}>
            <legend>{texts.whoAnswers.title}</legend>
            <p class="detail">{texts.whoAnswers.lead}</p>
            {MODES.map((each) => (
              <label key={each} class="choice">
                <input
                  type="radio"
                  name="answering-mode"
                  checked={each === mode}
                  onChange={() => talk.changes.answering({ mode: each })}
                />
                <span>
                  {texts.whoAnswers.modes[each].label}
                  {each === answering.defaultMode && <span class="default"> {texts.whoAnswers.isDefault}</span>}
                  <span class="detail">{texts.whoAnswers.modes[each].meaning}</span>
                </span>
              </label>
            ))}
          </fieldset>
          <Discussion talk={talk} replies={discussion} />
          <Muted talk={talk} people={people} />
        </>
      )}
    </Popover>
  );
}

function Discussion({ talk, replies }: { talk: Talk; replies: number }): JSX.Element {
  // The text of the field until it is complete, so that an event from the server does not replace it.
  const [typed, setTyped] = useState<string | null>(null);
  const change = (text: string) => {
    setTyped(null);
    const number = Math.round(Number(text));
    if (number >= 1) talk.changes.answering({ discussion: Math.min(number, DISCUSSION_MAX) });
  };
  const isKnown = talk.state.value.answering.confirmed !== null;
  return (
    <fieldset class="choices discussion" disabled={!isKnown}>
      <label class="choice">
        <input
          type="checkbox"
          checked={replies > 0}
          onChange={(event) => talk.changes.answering({ discussion: event.currentTarget.checked ? USUAL_DISCUSSION : 0 })}
        />
        <span>
          {texts.whoAnswers.discussion}
          <span class="detail">{texts.whoAnswers.discussionEffect}</span>
        </span>
      </label>
      {replies > 0 && (
        <label class="number">
          {texts.whoAnswers.replies}
          <input
            type="number"
            inputmode="numeric"
            min={1}
            max={DISCUSSION_MAX}
            value={typed ?? replies}
            onInput={(event) => setTyped(event.currentTarget.value)}
            onChange={(event) => change(event.currentTarget.value)}
          />
        </label>
      )}
    </fieldset>
  );
}

/** Ends the muting of characters also where the table is hidden. */
function Muted({ talk, people }: { talk: Talk; people: People }): JSX.Element | null {
  const { muted } = shownRules(talk.state.value.answering);
  const present = people.characters.filter(({ id, active }) => active && muted.includes(id));
  if (present.length === 0) return null;
  return (
    <ul class="choices" aria-label={texts.whoAnswers.muted}>
      {present.map(({ id, name }) => (
        <li key={id} class="muted-row">
          <span>
            <Fill text={texts.whoAnswers.isMuted}>
              <bdi dir="auto">{name}</bdi>
            </Fill>
          </span>
          <button type="button" class="link" aria-label={texts.whoAnswers.unmuteName(name)} onClick={() => talk.changes.mute(id, false)}>
            {texts.whoAnswers.unmute}
          </button>
        </li>
      ))}
    </ul>
  );
}
