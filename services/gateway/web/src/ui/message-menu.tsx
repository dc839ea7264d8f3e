/** The menu of one message: copy it, and hear a reply again. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { canStop } from "../talk/status-line";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { copyText } from "./copy-text";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { useMessageSound } from "./message-sound";
import { Popover } from "./popover";

interface Props {
  readonly talk: Talk;
  /** What is copied. */
  readonly text: string;
  /** The id of the reply that can be heard again; `""` if there is none. */
  readonly replyId?: string;
}

export function MessageMenu({ talk, text, replyId = "" }: Props): JSX.Element {
  return (
    <Popover
      class="message-menu"
      button={<Icon name="more" />}
      buttonLabel={texts.message.menu}
      label={texts.message.menu}
      widest={18}
      align="start"
      lazy
    >
      {() => (
        <>
          <CopyButton text={text} />
          {replyId && <ReplayButton talk={talk} replyId={replyId} />}
        </>
      )}
    </Popover>
  );
}

function CopyButton({ text }: { text: string }): JSX.Element {
  const [result, setResult] = useState<boolean | null>(null);
  const copy = () => void copyText(text).then(setResult);
  return (
    <>
      <button type="button" class="action" onClick={copy}>
        <Icon name="copy" /> {texts.message.copy}
      </button>
      <p class="detail" role="status" hidden={!result}>
        {result && texts.message.copied}
      </p>
      <FieldProblem text={result === false ? texts.message.notCopied : ""} />
    </>
  );
}

function ReplayButton({ talk, replyId }: { talk: Talk; replyId: string }): JSX.Element {
  const sound = useMessageSound(talk, replyId);
  const isOn = sound.phase !== "off";
  const isBusy = canStop(talk.state.value);
  return (
    <>
      <button
        type="button"
        class="action"
        disabled={isBusy}
        aria-busy={sound.phase === "loading"}
        onClick={isOn ? sound.stop : sound.play}
      >
        {sound.phase === "loading" ? (
          <span class="spinner" aria-hidden="true" />
        ) : (
          <Icon name={isOn ? "stop" : "play"} />
        )}{" "}
        {isOn ? texts.message.stop : texts.message.replay}
      </button>
      {isBusy && <p class="detail">{texts.message.busy}</p>}
      <FieldProblem text={sound.problem} />
    </>
  );
}
