/**
 * The big microphone button. A click starts or stops hands-free listening; with push-to-talk, the page listens while
 * the button is held.
 */

import { useComputed } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { canStop } from "../talk/status-line";
import type { TalkMode } from "../talk/preferences";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { Icon } from "./icons";
import { Notices } from "./notices";
import { SoundControl } from "./sound-control";

export function TalkControl({ talk, onSettings }: { talk: Talk; onSettings: () => void }): JSX.Element {
  const { listening, link } = talk.state.value;
  const { mode } = talk.preferences.value;
  const on = listening.microphone !== "off";
  const paused = listening.microphone === "paused";
  const level = useComputed(() => `--level:${Math.min(1, talk.micLevel.value * 6).toFixed(2)}`);
  useHoldSpace(talk);
  const held = useRef(false);
  const hold = (down: boolean) => {
    if (held.current === down) return;
    held.current = down;
    talk.listen(down, true);
  };
  const toggle = () => talk.listen(!talk.listening);
  const pushToTalk = mode === "push_to_talk";
  const name = on
    ? pushToTalk ? texts.talk.release : texts.talk.stopListening
    : pushToTalk ? texts.talk.hold : texts.talk.start;
  return (
    <section class="talk" aria-label={texts.talk.region}>
      <ModeSwitch talk={talk} mode={mode} />
      <div class="talk-centre">
        <button
          type="button"
          class={`big ${on ? "on" : ""} ${listening.hearing ? "hearing" : ""} ${paused ? "paused" : ""}`}
          style={level}
          aria-pressed={on}
          aria-label={name}
          disabled={link === "refused" || link === "replaced"}
          // A click with `detail` 0 comes from assistive software, which cannot hold a button.
          onClick={(event) => (!pushToTalk || event.detail === 0) && toggle()}
          onPointerEnter={() => talk.warmUp()}
          onPointerDown={(event) => {
            if (!pushToTalk || event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            hold(true);
          }}
          onPointerUp={() => pushToTalk && hold(false)}
          onPointerCancel={() => pushToTalk && hold(false)}
          onKeyDown={(event) => {
            if (!pushToTalk || !isPress(event)) return;
            event.preventDefault();
            hold(true);
          }}
          onKeyUp={(event) => {
            if (!pushToTalk || !isPress(event)) return;
            event.preventDefault();
            hold(false);
          }}
          onBlur={() => pushToTalk && hold(false)}
          onContextMenu={(event) => event.preventDefault()}
        >
          <span class="ring" aria-hidden="true" />
          <Icon name="microphone" />
        </button>
        {paused ? <p class="hint reason">{texts.status.paused(listening.pause)}</p> : <p class="hint">{name}</p>}
        {canStop(talk.state.value) && (
          <button type="button" class="stop" onClick={() => talk.stop()}>
            <Icon name="stop" /> {texts.talk.stop} <kbd>{texts.talk.escape}</kbd>
          </button>
        )}
      </div>
      <SoundControl talk={talk} onSettings={onSettings} />
      <Notices talk={talk} place="talk" />
    </section>
  );
}

function ModeSwitch({ talk, mode }: { talk: Talk; mode: TalkMode }): JSX.Element {
  const choose = (next: TalkMode) => {
    if (talk.listening) talk.listen(false);
    talk.prefer({ mode: next });
  };
  const option = (value: TalkMode, label: string) => (
    <label>
      <input type="radio" name="talk-mode" checked={mode === value} onChange={() => choose(value)} />
      <span>{label}</span>
    </label>
  );
  return (
    <fieldset class="modes">
      <legend class="unseen">{texts.talk.howToTalk}</legend>
      {option("hands_free", texts.talk.handsFree)}
      {option("push_to_talk", texts.talk.holdMode)}
    </fieldset>
  );
}

/** Lets the user talk while holding the space bar outside a control, in either mode. */
function useHoldSpace(talk: Talk): void {
  useEffect(() => {
    let held = false;
    const release = () => {
      if (!held) return;
      held = false;
      talk.listen(false, true);
    };
    const down = (event: KeyboardEvent) => {
      if (event.code !== "Space" || event.repeat || talk.listening || isControl(event.target)) return;
      if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      held = true;
      talk.listen(true);
    };
    const up = (event: KeyboardEvent) => {
      if (event.code === "Space") release();
    };
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", release);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", release);
    };
  }, [talk]);
}

function isPress(event: KeyboardEvent): boolean {
  return (event.code === "Space" || event.code === "Enter") && !event.repeat;
}

function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof Element && target.closest("input,textarea,select,button,a,summary,[contenteditable]") !== null
  );
}
