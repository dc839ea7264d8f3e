/** The form for one character: name, voice, system prompt, picture and model. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Character, CharacterDraft, Voice } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { isSameName, shownName } from "../talk/user-name";
import type { ModelSettings } from "../wire/events";
import { CharacterModel } from "./character-model";
import { DeliveryFields } from "./delivery-fields";
import { FieldProblem } from "./field-problem";
import { NO_SETTINGS } from "./model-settings";
import { PictureField } from "./picture-field";
import { asFailure } from "./request";
import { TalkativenessField } from "./talkativeness-field";
import { VoiceField } from "./voice-field";
import { voiceForNewCharacter } from "./voices";

interface Props {
  readonly talk: Talk;
  /** The character to change; null for a new character. */
  readonly character: Character | null;
  /** All voices; null while they are loading, or if they could not be loaded. */
  readonly voices: readonly Voice[] | null;
  readonly voicesProblem: string;
  /** All characters; a new character gets a voice that no active one has. */
  readonly others: readonly Character[];
  readonly onVoicesChanged: () => void;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

const NEW_CHARACTER: CharacterDraft = {
  name: "",
  voice: "",
  system_prompt: "",
  image: "",
  active: true,
  model_settings: NO_SETTINGS,
  talkativeness: 50,
  speed: 1,
  pitch: 0,
};

export function CharacterForm(props: Props): JSX.Element {
  const { talk, character, voices: known, voicesProblem, others, onVoicesChanged, onDone, onCancel } = props;
  const voices = known ?? [];
  const waiting = known === null && !voicesProblem;
  const [draft, setDraft] = useState<CharacterDraft>(() => draftOf(character));
  const [failure, setFailure] = useState<RequestFailed | null>(null);
  const [confirming, setConfirming] = useState(false);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<CharacterDraft>) => setDraft((before) => ({ ...before, ...part }));
  const problemOf = (field: string) => failure?.about(field) ?? "";
  const userName = shownName(talk.state.value, talk.preferences.value.userName);
  const isUsers = draft.name !== character?.name && isSameName(draft.name, userName);
  const voice = draft.voice || (character ? "" : voiceForNewCharacter(voices, others));
  const run = (request: Promise<void>) => {
    setBusy(true);
    setFailure(null);
    request.then(onDone, (error: unknown) => setFailure(asFailure(error))).finally(() => setBusy(false));
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const whole = { ...draft, voice, name: draft.name.trim(), model_settings: trimmed(draft.model_settings) };
    run(character ? talk.api.changeCharacter(character.id, whole) : talk.api.createCharacter(whole));
  };
  return (
    <form class="form" onSubmit={save}>
      <PictureField
        name={draft.name}
        image={draft.image}
        problem={problemOf("image")}
        onChange={(image) => change({ image })}
      />
      <div class="field">
        <label for="character-name">Name</label>
        <input
          id="character-name"
          required
          maxLength={40}
          dir="auto"
          value={draft.name}
          placeholder="How you will call the character"
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
        <FieldProblem
          text={isUsers ? "That is what they call you. Take another name for the character." : problemOf("name")}
        />
      </div>
      <VoiceField
        talk={talk}
        voice={voice}
        voices={voices}
        delivery={draft}
        waiting={waiting}
        voicesProblem={voicesProblem}
        problem={problemOf("voice")}
        onChoose={(chosen) => change({ voice: chosen })}
        onVoicesChanged={onVoicesChanged}
        onDeleted={(id) => id === draft.voice && change({ voice: draftOf(character).voice })}
      />
      <DeliveryFields
        voice={voices.find((each) => each.id === voice)}
        delivery={draft}
        failure={failure}
        onChange={change}
      />
      <div class="field">
        <label for="character-prompt">Personality</label>
        <textarea
          id="character-prompt"
          rows={8}
          maxLength={8_000}
          dir="auto"
          value={draft.system_prompt}
          placeholder="You are … Describe how the character speaks, what it cares about, and how long its answers are."
          onInput={(event) => change({ system_prompt: event.currentTarget.value })}
        />
        <FieldProblem text={problemOf("system_prompt")} />
      </div>
      <TalkativenessField
        value={draft.talkativeness}
        problem={problemOf("talkativeness")}
        onChange={(talkativeness) => change({ talkativeness })}
      />
      <CharacterModel
        settings={draft.model_settings}
        failure={failure}
        onChange={(model_settings) => change({ model_settings })}
      />
      {failure && failure.fields.length === 0 && <FieldProblem text={failure.message} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy || waiting || isUsers}>
          {character ? "Save" : "Add"}
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
            {confirming ? (
              // One `span`, because the button lays its children out as separate flex items.
              <span>
                Really remove <bdi dir="auto">{character.name}</bdi>?
              </span>
            ) : (
              "Remove"
            )}
          </button>
        )}
      </div>
    </form>
  );
}

/** The settings with the spaces around the model's name removed. A name that is then empty becomes null. */
function trimmed(settings: ModelSettings): ModelSettings {
  return { ...settings, model: settings.model?.trim() || null };
}

function draftOf(character: Character | null): CharacterDraft {
  if (!character) return NEW_CHARACTER;
  const { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch } = character;
  return { name, voice, system_prompt, image, active, model_settings, talkativeness, speed, pitch };
}
