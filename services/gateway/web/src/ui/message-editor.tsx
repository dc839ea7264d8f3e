/** Edits one of the user's messages, in the place of its bubble. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { texts } from "../texts";
import { MESSAGE_MAX_CHARS } from "../wire/commands";
import { isComposing, sendsMessage } from "./composing";

interface Props {
  readonly text: string;
  /** Returns false if the text could not be sent. */
  readonly onSend: (text: string) => boolean;
  readonly onClose: () => void;
}

export function MessageEditor({ text: before, onSend, onClose }: Props): JSX.Element {
  const [text, setText] = useState(before);
  const box = useRef<HTMLTextAreaElement>(null);
  const buttons = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(before.length, before.length);
  }, []);
  // On a small screen the buttons may be below the messages' view.
  useLayoutEffect(() => buttons.current?.scrollIntoView({ block: "nearest" }), [text]);
  const excess = text.length - MESSAGE_MAX_CHARS;
  const cannotSend = text.trim() === "" || excess > 0;
  const send = () => {
    if (cannotSend) return;
    if (text.trim() === before.trim() || onSend(text.trim())) onClose();
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={box}
        dir="auto"
        rows={1}
        value={text}
        enterkeyhint="send"
        aria-label={texts.message.editLabel}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (sendsMessage(event)) {
            event.preventDefault();
            send();
          } else if (event.key === "Escape" && !isComposing(event)) {
            event.stopPropagation(); // Esc would stop the characters, too
            onClose();
          }
        }}
      />
      {excess > 0 && <p class="remark trouble">{texts.composer.tooLong(excess)}</p>}
      <div class="actions" ref={buttons}>
        <button type="button" onClick={onClose}>
          {texts.message.cancel}
        </button>
        <button type="submit" class="primary" disabled={cannotSend}>
          {texts.message.send}
        </button>
      </div>
      <p class="remark">{texts.message.editEffect}</p>
    </form>
  );
}
