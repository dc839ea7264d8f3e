/** The conversation as text, with the newest message at the bottom. Of a long conversation, only a part is rendered. */

import type { JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { type ChangeMark, changeMarks, versionsById } from "../talk/history-changes";
import type { Talk } from "../talk/talk";
import { canGoOn } from "../talk/status-line";
import { locale, texts } from "../texts";
import { en } from "../texts/en";
import { addressText } from "./addressee";
import { Bubble, ThinkingBubble } from "./bubble";
import { Fill } from "./fill";
import { GoOnButtons } from "./go-on-buttons";
import { Icon } from "./icons";
import { Loading } from "./loading";
import { NameField } from "./name-field";
import { Notices } from "./notices";
import type { Look, People } from "./people";
import { earlier, keep, latest } from "./windowing";

/** If the view is at most this many px from the end, it follows new messages. */
const FOLLOW_PX = 80;
/** The same value each time, so that a message without versions is not rendered again. */
const NO_VERSIONS: readonly string[] = [];

export function Transcript({ talk, people }: { talk: Talk; people: People }): JSX.Element {
  const { messages, isLoadingStored, notices, thinking, demo } = talk.state.value;
  const versions = useVersions(talk);
  const marks = useMarks(talk);
  const goesOn = canGoOn(talk.state.value);
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const [wanted, setWanted] = useState(0);
  const looks = useMemo(() => new Map<string, Look>(), [people]);
  const first = keep(wanted, messages.length, following);
  const heightBefore = useRef(0);
  /** The position to which the page itself has scrolled. A scroll event at this position was not caused by the user. */
  const ownScroll = useRef(Number.NaN);
  const isEmpty = messages.length === 0;
  const follow = () => {
    const box = scroller.current;
    if (!box || isEmpty || !following) return;
    box.scrollTop = followTo(box);
    ownScroll.current = box.scrollTop;
  };
  /** For buttons that disappear when they are pressed: without it, the keyboard user would start at the page's top. */
  const takeFocus = () => scroller.current?.focus({ preventScroll: true });
  useFollowingOfOwn(talk, setFollowing);
  useHeights(scroller, follow);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    if (following) {
      follow();
      heightBefore.current = 0;
      return;
    }
    if (heightBefore.current > 0) box.scrollTop += box.scrollHeight - heightBefore.current;
    else return;
    heightBefore.current = 0;
    ownScroll.current = box.scrollTop;
  }, [messages, notices, thinking, goesOn, following, first]);

  const onScroll = () => {
    const box = scroller.current;
    if (!box || isEmpty || Math.abs(box.scrollTop - ownScroll.current) < 2) return;
    ownScroll.current = Number.NaN;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < FOLLOW_PX;
    if (atEnd !== following) {
      setWanted(latest(messages.length));
      setFollowing(atEnd);
    }
    if (!atEnd && box.scrollTop < FOLLOW_PX * 3 && first > 0) {
      heightBefore.current = box.scrollHeight;
      setWanted(earlier(first));
    }
  };

  const lookOf = (id: string): Look => {
    const known = looks.get(id) ?? people.look(id);
    looks.set(id, known);
    return known;
  };

  return (
    <section class="transcript" aria-label={texts.transcript.region}>
      <div
        class="scroller"
        ref={scroller}
        onScroll={onScroll}
        // Focusable, so that the user can scroll it with the keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={texts.transcript.messages}
      >
        {isEmpty && isLoadingStored && <Loading of={{ value: null, problem: null }} />}
        {isEmpty && !isLoadingStored && (
          <Welcome
            talk={talk}
            people={people}
            demo={demo}
            onSay={(text) => {
              takeFocus();
              talk.say(text);
            }}
          />
        )}
        {first > 0 && <p class="more">{texts.transcript.earlier(first)}</p>}
        <ol>
          {messages.slice(first).map((message) => (
            <Bubble
              // The versions of a message share a key, so that a switch of the version keeps the focus.
              key={versions.get(message.id)?.[0] ?? message.id}
              talk={talk}
              message={message}
              look={message.kind === "reply" ? lookOf(message.characterId) : null}
              address={message.kind === "user" ? addressText(message.to, people) : ""}
              versions={versions.get(message.id) ?? NO_VERSIONS}
              mark={marks.get(message.id) ?? ""}
            />
          ))}
          {thinking && !messages.some(({ id }) => id === thinking.messageId) && (
            <ThinkingBubble key={thinking.messageId} thinking={thinking} look={lookOf(thinking.characterId)} />
          )}
        </ol>
        {goesOn && <GoOnButtons talk={talk} onUse={takeFocus} />}
        <Notices talk={talk} place="transcript" />
      </div>
      {!following && !isEmpty && (
        <button type="button" class="to-end" onClick={() => {
            takeFocus();
            setFollowing(true);
          }}
        >
          <Icon name="down" /> {texts.transcript.latest}
        </button>
      )}
    </section>
  );
}

function useVersions(talk: Talk): ReadonlyMap<string, readonly string[]> {
  const { versions } = talk.state.value;
  return useMemo(() => versionsById(versions), [versions]);
}

function useMarks(talk: Talk): ReadonlyMap<string, ChangeMark> {
  const { pendingChanges, deleting } = talk.state.value;
  return useMemo(() => changeMarks({ pendingChanges, deleting }), [pendingChanges, deleting]);
}

/** Follow the conversation again as soon as the user sends a message. */
function useFollowingOfOwn(talk: Talk, setFollowing: (following: boolean) => void): void {
  const last = talk.state.value.messages.findLast((message) => message.kind === "user");
  const sent = last?.kind === "user" && last.delivery === "sending" ? last.id : "";
  useLayoutEffect(() => {
    if (sent) setFollowing(true);
  }, [sent]);
}

/** Call back when the height of the messages or of the view changes, for example when a message is laid out late. */
function useHeights(scroller: RefObject<HTMLDivElement | null>, onChange: () => void): void {
  const latestOnChange = useRef(onChange);
  latestOnChange.current = onChange;
  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const observer = new ResizeObserver(() => latestOnChange.current());
    observer.observe(box);
    for (const list of box.querySelectorAll("ol")) observer.observe(list);
    return () => observer.disconnect();
  }, []);
}

/** The scroll position to follow: the end, or the sentence being spoken if the voice is far behind the text. */
function followTo(box: HTMLElement): number {
  const end = box.scrollHeight - box.clientHeight;
  const now = box.querySelector(".message.playing .now, .message.playing");
  if (!now) return end;
  const top = now.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
  return Math.max(0, Math.min(end, top - box.clientHeight / 4));
}

interface WelcomeProps {
  readonly talk: Talk;
  readonly people: People;
  readonly demo: boolean;
  readonly onSay: (text: string) => void;
}

function Welcome({ talk, people, demo, onSay }: WelcomeProps): JSX.Element {
  const names = people.characters.filter((character) => character.active).map((character) => character.name);
  return (
    <div class="welcome">
      <h2>{texts.transcript.welcome}</h2>
      <p>
        <Names names={names} />
        {texts.transcript.explanation} {demo && texts.transcript.demoLanguage}
      </p>
      <div class="suggestions">
        {suggestions(names, demo).map((text) => (
          <button key={text} type="button" dir="auto" lang={demo ? "en" : undefined} onClick={() => onSay(text)}>
            {text}
          </button>
        ))}
      </div>
      <NameField talk={talk} asks />
    </div>
  );
}

/** Suggestions for the first message; none if no character is at the table. The demo understands only English. */
function suggestions(names: readonly string[], demo: boolean): string[] {
  const [first, second] = names;
  const { openings } = demo ? en.transcript : texts.transcript;
  if (!first) return [];
  if (!second) return [openings.story(first), openings.rain];
  return [openings.story(first), openings.rainOf(second), openings.evening];
}

const NAMES_SHOWN = 4;

/** The first names, and the number of the others. */
function withoutMost(names: readonly string[]): string[] {
  const first = names.slice(0, NAMES_SHOWN - 1);
  return [...first, texts.transcript.more(names.length - first.length)];
}

/** "Luna, Rex, and Sage are here." Each name keeps its own direction of writing. */
function Names({ names }: { names: readonly string[] }): JSX.Element | null {
  if (names.length === 0) return null;
  const shown = names.length > NAMES_SHOWN ? withoutMost(names) : names;
  const parts = new Intl.ListFormat(locale(), { type: "conjunction" }).formatToParts(shown);
  return (
    <>
      <Fill text={(list) => texts.transcript.present(list, names.length)}>
        <>{parts.map(({ type, value }, index) => (type === "element" ? <bdi key={index}>{value}</bdi> : value))}</>
      </Fill>{" "}
    </>
  );
}
