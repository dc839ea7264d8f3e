/** The menu of one message: copy it, hear it again, and change the conversation at it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Message, Reply } from "../talk/page-state";
import { isUnspoken } from "../talk/replies";
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
  readonly message: Message;
  /** The user wants to edit the message. */
  readonly onEdit?: () => void;
}

export function MessageMenu({ talk, message, onEdit }: Props): JSX.Element {
  const isKept = message.kind === "reply" || message.delivery === "safe";
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
          {message.text && <CopyButton text={message.text.trim()} />}
          {message.kind === "reply" && message.text && !isUnspoken(message) && (
            <ReplayButton talk={talk} replyId={message.id} />
          )}
          {isKept && <ChangeButtons {...{ talk, message, close }} {...(onEdit && { onEdit })} />}
        </>
      )}
    </Popover>
  );
}

function ChangeButtons({ talk, message, onEdit, close }: Props & { close: () => void }): JSX.Element {
  const offline = talk.state.value.link !== "live";
  const closing = (act: () => void) => () => {
    close();
    act();
  };
  return (
    <>
      {message.kind === "reply" && <ReplyButtons {...{ talk, offline, closing }} reply={message} />}
      {onEdit && (
        <button type="button" class="action" disabled={offline} onClick={closing(onEdit)}>
          <Icon name="pen" /> {texts.message.edit}
        </button>
      )}
      <BranchButton {...{ talk, close, offline }} messageId={message.id} />
      <button type="button" class="action danger" disabled={offline} onClick={closing(() => talk.history.delete(message.id))}>
        <Icon name="bin" /> {texts.message.delete}
      </button>
    </>
  );
}

interface ReplyButtonsProps {
  readonly talk: Talk;
  readonly reply: Reply;
  readonly offline: boolean;
  readonly closing: (act: () => void) => () => void;
}

function ReplyButtons({ talk, reply, offline, closing }: ReplyButtonsProps): JSX.Element {
  const [choosing, setChoosing] = useState(false);
  const seated = talk.state.value.characters.filter(({ active }) => active);
  const others = seated.filter(({ id }) => id !== reply.characterId);
  return (
    <>
      {others.length < seated.length ? (
        <>
          <button type="button" class="action" disabled={offline} onClick={closing(() => talk.history.makeAgain(reply))}>
            <Icon name="again" /> {texts.message.makeAgain}
          </button>
          <button type="button" class="action" disabled={offline} onClick={closing(() => talk.history.continueReply(reply))}>
            <Icon name="next" /> {texts.message.continue}
          </button>
        </>
      ) : (
        <p class="detail" dir="auto">
          {texts.message.notSeated(reply.name)}
        </p>
      )}
      {others.length > 0 && (
        <button type="button" class="action" disabled={offline} aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
          <Icon name="people" /> {texts.message.answerAs}
        </button>
      )}
      {choosing && (
        <div class="others" role="group" aria-label={texts.message.answerAs}>
          {others.map(({ id, name }) => (
            <button key={id} type="button" class="action" dir="auto" disabled={offline} onClick={closing(() => talk.history.makeAgain(reply, id))}>
              {name}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

interface BranchButtonProps {
  readonly talk: Talk;
  readonly messageId: string;
  readonly offline: boolean;
  readonly close: () => void;
}

function BranchButton({ talk, messageId, offline, close }: BranchButtonProps): JSX.Element {
  const [isCopying, setCopying] = useState(false);
  const [problem, setProblem] = useState("");
  const branch = () => {
    setCopying(true);
    setProblem("");
    talk.history
      .branch(messageId)
      .then(close, (error: unknown) => setProblem(asFailure(error).message))
      .finally(() => setCopying(false));
  };
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
