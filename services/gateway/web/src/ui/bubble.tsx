/** One message. A reply shows how far its voice has come, and what an interruption has cut off. */

import type { JSX } from "preact";
import { memo } from "./memo";

import { sentencesOf } from "../talk/sentences";
import type { Message, Reply, UserMessage } from "../talk/view";
import type { Look } from "./people";
import { Portrait } from "./portrait";

export const Bubble = memo(
  ({ message, look }: { message: Message; look: Look | null }): JSX.Element =>
    message.kind === "user" ? <Mine message={message} /> : <Theirs reply={message} look={look} />,
);

function Mine({ message }: { message: UserMessage }): JSX.Element {
  return (
    <li class={`message mine ${message.delivery}`}>
      <p class="bubble">
        <span class="unseen">You: </span>
        {message.text}
      </p>
      {message.delivery === "sending" && <p class="fate">on its way…</p>}
      {message.delivery === "refused" && <p class="fate trouble">This was not taken. See below, change it and send it again.</p>}
    </li>
  );
}

function Theirs({ reply, look }: { reply: Reply; look: Look | null }): JSX.Element {
  return (
    <li class={`message theirs ${reply.sound}`} style={look?.style ?? ""} data-message-id={reply.id}>
      <Portrait name={reply.name} image={look?.image ?? ""} />
      <div class="body">
        <p class="name">{reply.name}</p>
        {reply.text && (
          <p class="bubble">
            <Spoken reply={reply} />
          </p>
        )}
        {!reply.text && reply.status === "streaming" && <p class="bubble typing">…</p>}
        <Fate reply={reply} />
      </div>
    </li>
  );
}

function Spoken({ reply }: { reply: Reply }): JSX.Element {
  const { text, sound, sentence } = reply;
  if (sound === "cut") {
    const unheard = text.slice(reply.heardChars);
    return (
      <>
        {text.slice(0, reply.heardChars)}
        {unheard.trim() && (
          <span class="unheard">
            <span class="unseen"> Not heard: </span>
            {unheard}
          </span>
        )}
      </>
    );
  }
  if (sound !== "playing" && sound !== "due") return <>{text}</>;
  const spans = sentencesOf(text);
  const now = spans[Math.min(sentence, spans.length - 1)];
  if (!now || sentence < 0) return <span class="ahead">{text}</span>;
  // Not being spoken yet: this page was opened in the middle of it, and goes on from there.
  const marked = sound === "playing" ? text.slice(now.start, now.end).trimEnd() : "";
  return (
    <>
      {text.slice(0, now.start)}
      {marked && <span class="now">{marked}</span>}
      <span class="ahead">{text.slice(now.start + marked.length)}</span>
    </>
  );
}

function Fate({ reply }: { reply: Reply }): JSX.Element | null {
  if (reply.problem) return <p class="fate trouble">{reply.problem}</p>;
  if (reply.status === "failed" && !reply.text) return <p class="fate trouble">No answer came. Ask again.</p>;
  if (reply.status === "failed") return <p class="fate trouble">The answer broke off here. Ask again to hear the rest.</p>;
  if (reply.sound === "cut" && reply.heardChars < reply.text.trimEnd().length) {
    return <p class="fate">{reply.sentence >= 0 ? "You cut in here" : "You cut in before this was said"}</p>;
  }
  if (reply.sound === "past" && reply.status === "interrupted") return <p class="fate">You cut in here</p>;
  return null;
}
