/** One character's name, voice, nature and picture. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Character, CharacterDraft, Voice } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { BadPicture, pictureUri } from "./picture";
import { Portrait } from "./portrait";
import { asFailure } from "./request";

interface Props {
  readonly talk: Talk;
  /** null for a new character. */
  readonly character: Character | null;
  /** null while loading, or if they could not be loaded. */
  readonly voices: readonly Voice[] | null;
  readonly voicesProblem: string;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

const NEW_CHARACTER: CharacterDraft = { name: "", voice: "", system_prompt: "", image: "", active: true };

export function CharacterForm({ talk, character, voices: known, voicesProblem, onDone, onCancel }: Props): JSX.Element {
  const voices = known ?? [];
  const waiting = known === null && !voicesProblem;
  const [draft, setDraft] = useState<CharacterDraft>(() => draftOf(character));
  const [failure, setFailure] = useState<RequestFailed | null>(null);
  const [pictureProblem, setPictureProblem] = useState("");
  const [confirming, setConfirming] = useState(false);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<CharacterDraft>) => setDraft((before) => ({ ...before, ...part }));
  const voice = draft.voice || voices[0]?.id || "";
  const run = (request: Promise<void>) => {
    setBusy(true);
    setFailure(null);
    request.then(onDone, (error: unknown) => setFailure(asFailure(error))).finally(() => setBusy(false));
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const whole = { ...draft, voice, name: draft.name.trim() };
    run(character ? talk.api.changeCharacter(character.id, whole) : talk.api.createCharacter(whole));
  };
  const choosePicture = (file: File | undefined) => {
    if (!file) return;
    pictureUri(file).then(
      (image) => {
        change({ image });
        setPictureProblem("");
      },
      (error: unknown) =>
        setPictureProblem(error instanceof BadPicture ? error.message : "The picture cannot be read."),
    );
  };
  return (
    <form class="form" onSubmit={save}>
      <div class="field picture-field">
        <Portrait name={draft.name} image={draft.image} />
        <div>
          <label class="button">
            Choose a picture
            <input
              type="file"
              accept="image/png,image/jpeg,image/webp,image/gif"
              class="unseen"
              onChange={(event) => {
                choosePicture(event.currentTarget.files?.[0]);
                event.currentTarget.value = ""; // choosing the same file again must fire `change`
              }}
            />
          </label>
          {draft.image && (
            <button
              type="button"
              onClick={() => {
                change({ image: "" });
                setPictureProblem("");
              }}
            >
              No picture
            </button>
          )}
          <FieldProblem text={pictureProblem || (failure?.about("image") ?? "")} />
        </div>
      </div>
      <div class="field">
        <label for="character-name">Name</label>
        <input
          id="character-name"
          required
          maxLength={40}
          value={draft.name}
          placeholder="What you will call them"
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
        <FieldProblem text={failure?.about("name") ?? ""} />
      </div>
      <div class="field">
        <label for="character-voice">Voice</label>
        {waiting ? (
          <select id="character-voice" disabled>
            <option>Loading the voices…</option>
          </select>
        ) : voices.length > 0 ? (
          <select id="character-voice" value={voice} onChange={(event) => change({ voice: event.currentTarget.value })}>
            {!voices.some((each) => each.id === voice) && voice && (
              <option value={voice}>{voice} (not available now)</option>
            )}
            {voices.map((each) => (
              <option key={each.id} value={each.id}>
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
            onInput={(event) => change({ voice: event.currentTarget.value })}
          />
        )}
        {voices.some((each) => each.id === voice) && <TryVoice talk={talk} voice={voice} />}
        <p class="detail">
          {voicesProblem ||
            (!waiting && voices.length === 0 ? "No speech engine is running; enter the voice's id." : "")}
        </p>
        <FieldProblem text={failure?.about("voice") ?? ""} />
      </div>
      <div class="field">
        <label for="character-prompt">Who they are</label>
        <textarea
          id="character-prompt"
          rows={8}
          maxLength={8_000}
          value={draft.system_prompt}
          placeholder="You are … Say how they speak, what they care about, how long their answers are."
          onInput={(event) => change({ system_prompt: event.currentTarget.value })}
        />
        <FieldProblem text={failure?.about("system_prompt") ?? ""} />
      </div>
      {failure && failure.fields.length === 0 && <FieldProblem text={failure.message} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy || waiting}>
          {character ? "Save" : "Invite"}
        </button>
        <button type="button" onClick={onCancel}>
          Back
        </button>
        {character && (
          <button
            type="button"
            class="danger"
            disabled={busy}
            onClick={() => (confirming ? run(talk.api.deleteCharacter(character.id)) : setConfirming(true))}
          >
            {confirming ? `Really remove ${character.name}?` : "Remove"}
          </button>
        )}
      </div>
    </form>
  );
}

/** Plays one sentence in the voice; changing the voice stops it. */
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

function FieldProblem({ text }: { text: string }): JSX.Element | null {
  return text ? (
    <p class="remark trouble" role="alert">
      {text}
    </p>
  ) : null;
}

function draftOf(character: Character | null): CharacterDraft {
  if (!character) return NEW_CHARACTER;
  const { name, voice, system_prompt, image, active } = character;
  return { name, voice, system_prompt, image, active };
}
