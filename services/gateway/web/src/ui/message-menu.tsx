/** The menu of one message: copy it, hear a reply again, and begin a new conversation at it. */

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
import { asFailure } from "./request";

interface Props {
  readonly talk: Talk;
  /** What is copied. */
  readonly text: string;
  /** The message's id; `""` if the server does not have the message. */
  readonly id: string;
  /** The id of the reply that can be heard again; `""` if there is none. */
  readonly replyId?: string;
}

export function MessageMenu({ talk, text, id, replyId = "" }: Props): JSX.Element {
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
      {(close) => (
        <>
          <CopyButton text={text} />
          {replyId && <ReplayButton talk={talk} replyId={replyId} />}
          {id && <BranchButton talk={talk} messageId={id} close={close} />}
        </>
      )}
    </Popover>
  );
}

interface BranchButtonProps {
  readonly talk: Talk;
  readonly messageId: string;
  readonly close: () => void;
}

function BranchButton({ talk, messageId, close }: BranchButtonProps): JSX.Element {
  const [isCopying, setCopying] = useState(false);
  const [problem, setProblem] = useState("");
  const branch = () => {
    setCopying(true);
    setProblem("");
    talk
      .branch(messageId)
      .then(close, (error: unknown) => setProblem(asFailure(error).message))
      .finally(() => setCopying(false));
  };
  const offline = talk.state.value.link !== "live";
  return (
    <>
      <button type="button" class="action" disabled={offline || isCopying} aria-busy={isCopying} onClick={branch}>
        {isCopying ? <span class="spinner" aria-hidden="true" /> : <Icon name="branch" />} {texts.message.branch}
      </button>
      <FieldProblem text={problem} />
    </>
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
