/** The field in which the user listens to the voices and chooses a character's voice. */

import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { Delivery, Voice } from "../rest/api";
import type { Talk } from "../talk/talk";
import { texts, voiceDescription } from "../texts";
import { ClipsField } from "./clips-field";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { type SampleState, useVoiceSample, type VoiceSample } from "./voice-sample";
import { type VoiceGroup, voiceGroups } from "./voices";

interface Props {
  readonly talk: Talk;
  readonly voice: string;
  readonly voices: readonly Voice[];
  readonly delivery: Delivery;
  /** True while the voices are loading. */
  readonly waiting: boolean;
  readonly voicesProblem: string;
  readonly problem: string;
  readonly onChoose: (voice: string) => void;
  /** A voice was made from a recording, or deleted. */
  readonly onVoicesChanged: () => void;
  readonly onDeleted: (voice: string) => void;
}

export function VoiceField(props: Props): JSX.Element {
  const { voice, voices, waiting, voicesProblem, problem, onChoose } = props;
  if (waiting || voices.length > 0) return <VoiceList {...props} />;
  return (
    <div class="field">
      <label for="character-voice">{texts.voices.voice}</label>
      <input
        id="character-voice"
        required
        maxLength={64}
        value={voice}
        onInput={(event) => onChoose(event.currentTarget.value)}
      />
      <p class="detail">{voicesProblem || texts.voices.noEngine}</p>
      <FieldProblem text={problem} />
    </div>
  );
}

function VoiceList(props: Props): JSX.Element {
  const { talk, voice, voices, delivery, waiting, problem, onChoose, onVoicesChanged, onDeleted } = props;
  const sample = useVoiceSample(talk);
  const groups = useMemo(() => voiceGroups(voices, navigator.languages), [voices]);
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>(".chosen");
    // Only the list scrolls, not the form around it.
    if (list.current && chosen) list.current.scrollTop = chosen.offsetTop - list.current.clientHeight / 3;
  }, [waiting]);
  const isListed = voices.some((each) => each.id === voice);
  return (
    <fieldset class="field voices" disabled={waiting}>
      <legend>{texts.voices.voice}</legend>
      {waiting ? (
        <p class="detail">{texts.voices.loading}</p>
      ) : (
        <div class="voice-list" ref={list}>
          {!isListed && voice && (
            <label class="voice-row">
              <input type="radio" name="character-voice" value={voice} checked />
              <span>{texts.voices.unknown(voice)}</span>
            </label>
          )}
          {groups.map((group) => (
            <Group
              key={group.key}
              group={group}
              voice={voice}
              delivery={delivery}
              sample={sample}
              onChoose={onChoose}
            />
          ))}
        </div>
      )}
      <p class="detail" role="status">
        {progress(sample.state, voices)}
      </p>
      <FieldProblem text={sample.state?.problem ?? ""} />
      <FieldProblem text={problem} />
      <ClipsField
        talk={talk}
        delivery={delivery}
        sample={sample}
        onChanged={onVoicesChanged}
        onReady={onChoose}
        onDeleted={onDeleted}
      />
    </fieldset>
  );
}

interface GroupProps extends Pick<Props, "voice" | "delivery" | "onChoose"> {
  readonly group: VoiceGroup;
  readonly sample: VoiceSample;
}

function Group({ group, voice, delivery, sample, onChoose }: GroupProps): JSX.Element {
  const heading = `voices-${group.key.replaceAll(/[^\w-]/gu, "-")}`;
  return (
    <div role="group" aria-labelledby={heading}>
      <h3 id={heading}>
        {group.language} <span class="detail">{group.engine}{group.available ? "" : `, ${texts.voices.notRunning}`}</span>
      </h3>
      {group.voices.map((each) => (
        <VoiceRow
          key={each.id}
          voice={each}
          isChosen={each.id === voice}
          delivery={delivery}
          sample={sample}
          onChoose={onChoose}
        />
      ))}
    </div>
  );
}

interface RowProps extends Pick<Props, "delivery" | "onChoose"> {
  readonly voice: Voice;
  readonly isChosen: boolean;
  readonly sample: VoiceSample;
}

function VoiceRow({ voice, isChosen, delivery, sample, onChoose }: RowProps): JSX.Element {
  const isActive = sample.state?.voice === voice.id && sample.state.phase !== "failed";
  const isLoading = isActive && sample.state?.phase !== "playing";
  const name = voice.name || voice.id;
  return (
    <div class={`voice-row ${isChosen ? "chosen" : ""}`}>
      <label>
        <input
          type="radio"
          name="character-voice"
          value={voice.id}
          checked={isChosen}
          onChange={() => onChoose(voice.id)}
        />
        <span dir="auto">
          <b>{name}</b> {voiceDescription(voice)}
        </span>
      </label>
      <button
        type="button"
        class="quiet"
        // With the keyboard, the arrow keys choose a voice, and Tab reaches the button of this voice only.
        tabIndex={isChosen || isActive ? 0 : -1}
        aria-busy={isLoading}
        aria-label={isActive ? texts.voices.stop(name) : texts.voices.listen(name)}
        onClick={() => (isActive ? sample.stop() : sample.play(voice.id, delivery))}
      >
        {isLoading ? <span class="spinner" aria-hidden="true" /> : <Icon name={isActive ? "stop" : "play"} />}
      </button>
    </div>
  );
}

function progress(state: SampleState | null, voices: readonly Voice[]): string {
  const voice = voices.find((each) => each.id === state?.voice);
  if (!state || !voice) return "";
  switch (state.phase) {
    case "loading":
      return texts.voices.loadingOf(voice.name);
    case "slow":
      return texts.voices.slow(voice.name, voice.engine);
    case "playing":
      return texts.voices.speaking(voice.name);
    case "failed":
      return "";
  }
}
