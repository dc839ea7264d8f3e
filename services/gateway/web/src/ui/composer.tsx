/** The text input. */

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { MESSAGE_MAX_CHARS } from "../wire/commands";
import { AddresseeField, type Addressee, idsOf, present } from "./addressee";
import { sendsMessage } from "./composing";
import { Icon } from "./icons";
import { Notices } from "./notices";
import type { People } from "./people";
import { loadUnsent, saveUnsent } from "./unsent-text";
import { WhoAnswers } from "./who-answers";

const COUNT_FROM = MESSAGE_MAX_CHARS - 500;

interface Props {
  readonly talk: Talk;
  readonly people: People;
  /** Who answers the next message. */
  readonly addressee: Addressee;
  readonly onAddress: (to: Addressee) => void;
}

export function Composer({ talk, people, addressee, onAddress }: Props): JSX.Element {
  const [text, setShownText] = useState(loadUnsent);
  const setText = (value: string) => {
    setShownText(value);
    saveUnsent(value);
  };
  const to = present(addressee, people);
  const box = useRef<HTMLTextAreaElement>(null);
  const tooLong = text.length > MESSAGE_MAX_CHARS;
  const send = () => {
    const said = text.trim();
    if (said === "" || tooLong || !talk.say(said, idsOf(to))) return;
    setText("");
    onAddress("");
    box.current?.focus();
  };
  return (
    <section class="composer" aria-label={texts.composer.region}>
      <Notices talk={talk} place="composer" />
      <div class="chips">
        <WhoAnswers talk={talk} people={people} />
        <AddresseeField people={people} to={to} onChange={onAddress} />
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label class="unseen" for="message">
          {texts.composer.label}
        </label>
        <textarea
          id="message"
          ref={box}
          dir="auto"
          rows={1}
          value={text}
          placeholder={texts.composer.placeholder}
          enterkeyhint="send"
          aria-describedby={text.length > COUNT_FROM ? "message-count" : undefined}
          onInput={(event) => {
            const value = event.currentTarget.value;
            if (value.length > text.length) talk.typing();
            setText(value);
          }}
          onKeyDown={(event) => {
            if (!sendsMessage(event)) return;
            event.preventDefault();
            send();
          }}
        />
        <button type="submit" class="send" aria-label={texts.composer.send} disabled={text.trim() === "" || tooLong}>
          <Icon name="send" />
        </button>
      </form>
      {text.length > COUNT_FROM && (
        <p id="message-count" class={tooLong ? "remark trouble" : "remark"}>
          {tooLong
            ? texts.composer.tooLong(text.length - MESSAGE_MAX_CHARS)
            : texts.composer.left(MESSAGE_MAX_CHARS - text.length)}
        </p>
      )}
    </section>
  );
}
