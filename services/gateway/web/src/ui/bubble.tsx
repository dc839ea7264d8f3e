/** One message. A reply marks the sentence being spoken, and the text that an interruption cut off. */

import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { ChangeMark } from "../talk/history-changes";
import { isUnspoken, isWithoutContent } from "../talk/replies";
import { sentenceSpan } from "../talk/sentences";
import type { Message, Reply, Thinking, UserMessage } from "../talk/page-state";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { Dots } from "./dots";
import { markdownSpans } from "./markdown";
import { MarkdownText } from "./markdown-text";
import { memo } from "./memo";
import { MessageEditor } from "./message-editor";
import { MessageMenu } from "./message-menu";
import type { Look } from "./people";
import { Portrait } from "./portrait";
import { VersionSwitch, onVersionKey } from "./version-switch";

interface Props {
  readonly talk: Talk;
  readonly message: Message;
  readonly look: Look | null;
  /** To whom the user addressed the message, in words. */
  readonly address: string;
  /** The ids of the message's versions, oldest first; empty if there is only one. */
  readonly versions: readonly string[];
  /** The change of the history that concerns the message. */
  readonly mark: ChangeMark | "";
}

export const Bubble = memo((props: Props): JSX.Element | null => {
  const { message, look } = props;
  if (props.mark === "undoable") return <DeletedMessage {...props} />;
  return message.kind === "user" ? (
    <UserBubble {...props} message={message} />
  ) : (
    <ReplyBubble {...props} reply={message} look={look} />
  );
});

/** Shown instead of a message that the user has just deleted. */
function DeletedMessage({ talk, message, versions }: Props): JSX.Element {
  return (
    <li class="message deleted" data-message-id={message.id}>
      <p role="status">{texts.message.deleted(versions.length)}</p>
      <button type="button" ref={focused} onClick={() => talk.history.undoDeletion(message.id)}>
        {texts.message.undo}
      </button>
    </li>
  );
}

/** Take the focus: the button that had it is gone with the message. */
function focused(element: HTMLElement | null): void {
  element?.focus();
}

type ItemProps = JSX.IntrinsicElements["li"] & { "data-message-id": string };

/** The properties of a message's list item that all messages have. */
function itemOf({ talk, message, versions, mark }: Props, kind: string): ItemProps {
  const { id } = message;
  return {
    class: `message ${kind} ${mark}`.trimEnd(),
    "data-message-id": id,
    "aria-busy": mark ? "true" : undefined,
    // A click gives the message the focus, for the keys that switch the version.
    tabIndex: versions.length > 1 ? -1 : undefined,
    onKeyDown: (event) => onVersionKey(event, { talk, id, versions, busy: mark !== "" }),
  };
}

function UserBubble(props: Props & { message: UserMessage }): JSX.Element {
  const { talk, message, address, versions, mark } = props;
  const [isEditing, setEditing] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const wasEditing = useRef(false);
  useLayoutEffect(() => {
    // The text field that had the focus is gone.
    if (wasEditing.current && !isEditing) item.current?.querySelector<HTMLElement>(".message-menu")?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);
  return (
    <li ref={item} {...itemOf(props, `mine ${message.delivery}`)}>
      {isEditing ? (
        <MessageEditor text={message.text} onSend={(text) => talk.history.edit(message, text)} onClose={() => setEditing(false)} />
      ) : (
        <div class="said">
          <p class="bubble" dir="auto">
            <span class="unseen" dir="ltr">
              {texts.bubble.you}{" "}
            </span>
            {message.text || <span class="remark">{texts.bubble.takenBack}</span>}
          </p>
          <MessageMenu talk={talk} message={message} onEdit={() => setEditing(true)} />
        </div>
      )}
      <VersionSwitch {...{ talk, versions }} id={message.id} busy={mark !== ""} />
      {address && (
        <p class="remark" dir="auto">
          {address}
        </p>
      )}
      {message.unanswered && <p class="remark">{message.unanswered}</p>}
      {message.delivery === "sending" && <p class="remark">{texts.bubble.sending}</p>}
      {message.delivery === "refused" && (
        <p class="remark trouble">{texts.bubble.refused}</p>
      )}
    </li>
  );
}

function ReplyBubble(props: Props & { reply: Reply }): JSX.Element | null {
  const { talk, reply, look, versions, mark } = props;
  if (isWithoutContent(reply) && versions.length < 2) return null;
  return (
    <li {...itemOf(props, `theirs ${reply.sound}`)} style={look?.style ?? ""}>
      <Portrait name={reply.name} image={look?.image ?? ""} />
      <div class="body">
        <p class="name" dir="auto">
          {reply.name}
        </p>
        {isUnspoken(reply) ? (
          <details class="unspoken">
            <summary>{texts.bubble.notSpoken}</summary>
            <ReplyTextBubble reply={reply} />
          </details>
        ) : (
          <>
            {reply.text && <ReplyTextBubble reply={reply} />}
            {!reply.text && reply.status === "streaming" && <Typing />}
            <ReplyRemark reply={reply} />
          </>
        )}
        <VersionSwitch {...{ talk, versions }} id={reply.id} busy={mark !== ""} />
      </div>
      {(reply.text || reply.status === "failed") && reply.status !== "streaming" && (
        <MessageMenu talk={talk} message={reply} />
      )}
    </li>
  );
}

function ReplyTextBubble({ reply }: { reply: Reply }): JSX.Element {
  return (
    <p class="bubble" dir="auto">
      <ReplyText reply={reply} />
    </p>
  );
}

/** Shown instead of a reply as long as the character's model is reasoning. The first words of the reply replace it. */
export function ThinkingBubble({ thinking, look }: { thinking: Thinking; look: Look }): JSX.Element {
  return (
    <li class="message theirs" style={look.style} data-message-id={thinking.messageId}>
      <Portrait name={thinking.name} image={look.image} />
      <div class="body">
        <p class="name" dir="auto">
          {thinking.name}
        </p>
        <Typing text={texts.bubble.thinking} />
      </div>
    </li>
  );
}

/** A bubble without text. It is as high as one line of text, so that nothing moves when the first words appear. */
function Typing({ text = "" }: { text?: string }): JSX.Element {
  return (
    <p class="bubble typing">
      {text || <span class="unseen">{texts.bubble.writing}</span>}
      <Dots />
    </p>
  );
}

function ReplyText({ reply }: { reply: Reply }): JSX.Element {
  const { sound, sentence } = reply;
  const text = reply.text.trimEnd(); // without the line break at the end, which would be shown as an empty line
  const spans = useMemo(() => markdownSpans(text), [text]);
  const part = (start: number, end = text.length) => <MarkdownText text={text} spans={spans} start={start} end={end} />;
  if (sound === "cut") {
    const unheard = text.slice(reply.heardChars);
    return (
      <>
        {part(0, reply.heardChars)}
        {unheard.trim() && (
          <span class="unheard">
            <span class="unseen" dir="ltr">
              {" "}
              {texts.bubble.notHeard}{" "}
            </span>
            {part(reply.heardChars)}
          </span>
        )}
      </>
    );
  }
  if (sound !== "playing" && sound !== "due") return part(0);
  const current = sentenceSpan(reply, sentence);
  if (!current) return <span class="ahead">{part(0)}</span>;
  // If `sound` is `due` although a sentence was spoken, the page was opened in the middle of this reply and has not
  // begun to play it.
  const spoken = sound === "playing" ? text.slice(current.start, current.end).trimEnd().length : 0;
  const end = current.start + spoken;
  return (
    <>
      {part(0, current.start)}
      {spoken > 0 && <span class="now">{part(current.start, end)}</span>}
      <span class="ahead">{part(end)}</span>
    </>
  );
}

function ReplyRemark({ reply }: { reply: Reply }): JSX.Element | null {
  if (reply.problem)
    return (
      <p class="remark trouble" dir="auto">
        {reply.problem}
      </p>
    );
  if (reply.status === "failed" && !reply.text) return <p class="remark trouble">{texts.bubble.noAnswer}</p>;
  if (reply.status === "failed")
    return <p class="remark trouble">{texts.bubble.stoppedHere}</p>;
  if (reply.sound === "cut" && reply.heardChars < reply.text.trimEnd().length) {
    return <p class="remark">{reply.sentence >= 0 ? texts.bubble.restNotSpoken : texts.bubble.notSpoken}</p>;
  }
  if ((reply.sound === "stored" || reply.sound === "cut") && reply.status === "interrupted") return <p class="remark">{texts.bubble.interruptedHere}</p>;
  return null;
}
