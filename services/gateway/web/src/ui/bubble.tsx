/** One message. A reply marks the sentence being spoken, and the text that an interruption cut off. */

import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { isUnspoken, isWithoutContent } from "../talk/replies";
import { sentenceSpan } from "../talk/sentences";
import type { Message, Reply, Thinking, UserMessage } from "../talk/page-state";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { Dots } from "./dots";
import { markdownSpans } from "./markdown";
import { MarkdownText } from "./markdown-text";
import { memo } from "./memo";
import { MessageMenu } from "./message-menu";
import type { Look } from "./people";
import { Portrait } from "./portrait";

interface Props {
  readonly talk: Talk;
  readonly message: Message;
  readonly look: Look | null;
  /** To whom the user addressed the message, in words. */
  readonly address: string;
}

export const Bubble = memo(({ talk, message, look, address }: Props): JSX.Element | null =>
  message.kind === "user" ? (
    <UserBubble talk={talk} message={message} address={address} />
  ) : (
    <ReplyBubble talk={talk} reply={message} look={look} />
  ),
);

function UserBubble({ talk, message, address }: { talk: Talk; message: UserMessage; address: string }): JSX.Element {
  return (
    <li class={`message mine ${message.delivery}`}>
      <div class="said">
        <p class="bubble" dir="auto">
          <span class="unseen" dir="ltr">
            {texts.bubble.you}{" "}
          </span>
          {message.text}
        </p>
        <MessageMenu talk={talk} text={message.text} id={message.delivery === "safe" ? message.id : ""} />
      </div>
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

function ReplyBubble({ talk, reply, look }: { talk: Talk; reply: Reply; look: Look | null }): JSX.Element | null {
  if (isWithoutContent(reply)) return null;
  return (
    <li class={`message theirs ${reply.sound}`} style={look?.style ?? ""} data-message-id={reply.id}>
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
      </div>
      {reply.text && reply.status !== "streaming" && (
        <MessageMenu talk={talk} text={reply.text.trim()} id={reply.id} replyId={isUnspoken(reply) ? "" : reply.id} />
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
