/** The voices made from recordings: trying them, deleting them, and making a new one. Shown if an engine clones. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Clip, Delivery } from "../rest/api";
import type { Talk } from "../talk/talk";
import { locale, texts } from "../texts";
import { ClipEditor } from "./clip-editor";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { asFailure, useLoaded } from "./request";
import type { VoiceSample } from "./voice-sample";

/** How often the page asks whether the engine has made a new voice. */
const ASK_AGAIN_MS = 1_000;

interface Props {
  readonly talk: Talk;
  readonly delivery: Delivery;
  readonly sample: VoiceSample;
  /** The voices have changed: one was made or deleted. */
  readonly onChanged: () => void;
  /** A new voice can speak. */
  readonly onReady: (voice: string) => void;
  readonly onDeleted: (voice: string) => void;
}

export function ClipsField(props: Props): JSX.Element | null {
  const { talk, delivery, sample, onChanged, onReady, onDeleted } = props;
  const clips = useLoaded(() => talk.api.clips());
  const [isOpen, setOpen] = useState(false);
  /** The voice that was just made, until the engine has it. */
  const [made, setMade] = useState("");
  const [problem, setProblem] = useState("");
  const all = clips.value?.clips ?? [];
  const isWaiting = all.some((clip) => !clip.ready && !clip.problem) || (made !== "" && !all.some(isClip(made)));
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setTimeout(clips.reload, ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [clips.value, clips.problem, isWaiting]);
  useEffect(() => {
    if (!all.some((clip) => clip.id === made && clip.ready)) return;
    setMade("");
    onChanged();
    onReady(made);
  }, [clips.value, made]);
  const remove = (clip: Clip) => {
    setProblem("");
    talk.api.deleteVoice(clip.id).then(
      () => {
        clips.reload();
        onChanged();
        onDeleted(clip.id);
      },
      (error: unknown) => setProblem(asFailure(error).message),
    );
  };
  const limit = clips.value?.limit ?? 0;
  if (!clips.value || clips.value.engines.length === 0 || (limit === 0 && all.length === 0)) return null;
  const isFull = all.length >= limit;
  return (
    <div class="field clips">
      {all.length > 0 && (
        <ul class="clip-list" aria-label={texts.clips.list}>
          {all.map((clip) => (
            <ClipRow key={clip.id} clip={clip} delivery={delivery} sample={sample} onRemove={() => remove(clip)} />
          ))}
        </ul>
      )}
      <FieldProblem text={problem} />
      {isOpen ? (
        <ClipEditor
          talk={talk}
          onMade={(clip) => {
            setOpen(false);
            setMade(clip.id);
            clips.reload();
          }}
          onCancel={() => setOpen(false)}
        />
      ) : (
        <button type="button" disabled={isFull} onClick={() => setOpen(true)}>
          <Icon name="microphone" /> {texts.clips.make}
        </button>
      )}
      {isFull && <p class="detail">{texts.clips.full}</p>}
    </div>
  );
}

interface RowProps {
  readonly clip: Clip;
  readonly delivery: Delivery;
  readonly sample: VoiceSample;
  readonly onRemove: () => void;
}

function ClipRow({ clip, delivery, sample, onRemove }: RowProps): JSX.Element {
  const [isConfirming, setConfirming] = useState(false);
  const isSpeaking = sample.state?.voice === clip.id && sample.state.phase !== "failed";
  return (
    <li class="clip-row">
      <span class="grow">
        <b dir="auto">{clip.name}</b>{" "}
        <span class="detail">
          {clip.ready || clip.problem
            ? texts.clips.consentOn(Math.round(clip.seconds), dateOf(clip.consented_at))
            : texts.clips.making}
        </span>
        <FieldProblem text={clip.ready || !clip.problem ? "" : texts.clips.notMade(clip.problem)} />
      </span>
      {clip.ready && (
        <button
          type="button"
          aria-label={isSpeaking ? texts.clips.stopName(clip.name) : texts.clips.tryName(clip.name)}
          onClick={() => (isSpeaking ? sample.stop() : sample.play(clip.id, delivery))}
        >
          {isSpeaking ? texts.clips.stop : texts.clips.try}
        </button>
      )}
      <button
        type="button"
        class="danger"
        aria-label={isConfirming ? texts.clips.reallyDeleteName(clip.name) : texts.clips.deleteName(clip.name)}
        onBlur={() => setConfirming(false)}
        onClick={() => (isConfirming ? onRemove() : setConfirming(true))}
      >
        {isConfirming ? texts.clips.reallyDelete : texts.clips.delete}
      </button>
    </li>
  );
}

function isClip(id: string): (clip: Clip) => boolean {
  return (clip) => clip.id === id;
}

function dateOf(time: string): string {
  return new Date(time).toLocaleDateString(locale(), { day: "numeric", month: "long", year: "numeric" });
}
