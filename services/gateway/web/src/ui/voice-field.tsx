/** The field in which the user chooses a character's voice and can listen to a sample of it. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Voice } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { FieldProblem } from "./field-problem";

interface Props {
  readonly talk: Talk;
  readonly voice: string;
  readonly voices: readonly Voice[];
  /** True while the voices are loading. */
  readonly waiting: boolean;
  readonly voicesProblem: string;
  readonly problem: string;
  readonly onChoose: (voice: string) => void;
}

export function VoiceField({ talk, voice, voices, waiting, voicesProblem, problem, onChoose }: Props): JSX.Element {
  return (
    <div class="field">
      <label for="character-voice">Voice</label>
      {waiting ? (
        <select id="character-voice" disabled>
          <option>Loading the voices…</option>
        </select>
      ) : voices.length > 0 ? (
        <select id="character-voice" value={voice} onChange={(event) => onChoose(event.currentTarget.value)}>
          {!voices.some((each) => each.id === voice) && voice && (
            <option value={voice}>{voice} (not available now)</option>
          )}
          {voices.map((each) => (
            <option key={each.id} value={each.id} dir="auto">
              {each.name}: {each.description || each.language}
            </option>
          ))}
        </select>
      ) : (
        <input
          id="character-voice"
          required
          maxLength={64}
          value={voice}
          onInput={(event) => onChoose(event.currentTarget.value)}
        />
      )}
      {voices.some((each) => each.id === voice) && <TryVoice talk={talk} voice={voice} />}
      <p class="detail">
        {voicesProblem ||
          (!waiting && voices.length === 0 ? "No speech engine is running; enter the voice's id." : "")}
      </p>
      <FieldProblem text={problem} />
    </div>
  );
}

/** A button that plays one sentence in the chosen voice. The sentence stops if another voice is chosen. */
function TryVoice({ talk, voice }: { talk: Talk; voice: string }): JSX.Element {
  const [playing, setPlaying] = useState(false);
  const [problem, setProblem] = useState("");
  const sound = useRef<HTMLAudioElement | null>(null);
  const wanted = useRef(voice);
  useEffect(() => {
    wanted.current = voice;
    setProblem("");
    return () => {
      wanted.current = "";
      sound.current?.pause();
      setPlaying(false);
    };
  }, [voice]);
  const play = async () => {
    setPlaying(true);
    setProblem("");
    try {
      const url = URL.createObjectURL(await talk.api.voiceSample(voice));
      if (wanted.current !== voice) return;
      const audio = new Audio(url);
      sound.current = audio;
      audio.volume = talk.preferences.value.muted ? 0 : talk.preferences.value.volume;
      for (const end of ["ended", "pause", "error"]) {
        audio.addEventListener(end, () => {
          setPlaying(false);
          URL.revokeObjectURL(url);
        });
      }
      await audio.play();
    } catch (error) {
      setPlaying(false);
      setProblem(error instanceof RequestFailed ? error.message : "The browser did not play it. Click once more.");
    }
  };
  return (
    <>
      <button type="button" class="try-voice" disabled={playing} onClick={() => void play()}>
        {playing ? "Speaking…" : "Try the voice"}
      </button>
      <FieldProblem text={problem} />
    </>
  );
}
