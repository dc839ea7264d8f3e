/** The form for one character: name, voice, texts, picture and model. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { NO_CARD_TEXTS } from "../cards/card-texts";
import type { CardDraft, Character, Voice } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { isSameName, shownName } from "../talk/user-name";
import { texts } from "../texts";
import { changesTo, draftOf, toSave, useCharacterDraft } from "./character-draft";
import { CardExport, CardNotes } from "./card-parts";
import { CardTextsFields } from "./card-texts-fields";
import { CharacterModel } from "./character-model";
import { DeliveryFields } from "./delivery-fields";
import { FieldProblem, revealProblem } from "./field-problem";
import { FormActions } from "./form-actions";
import { Loading } from "./loading";
import { PictureField } from "./picture-field";
import { asFailure, useLoaded } from "./request";
import { RestoredNote } from "./restored-note";
import { TalkativenessField } from "./talkativeness-field";
import { VoiceField } from "./voice-field";
import { voiceForNewCharacter } from "./voices";

interface Props {
  readonly talk: Talk;
  /** The character to change; null for a new character. */
  readonly character: Character | null;
  /** The card of which a new character is made. */
  readonly card?: CardDraft | undefined;
  /** All voices; null while they are loading, or if they could not be loaded. */
  readonly voices: readonly Voice[] | null;
  readonly voicesProblem: string;
  /**
   * All characters; a new character gets a voice that no active one has. null while they are loading, or if they could
   * not be loaded.
   */
  readonly others: readonly Character[] | null;
  readonly othersProblem: string;
  readonly onVoicesChanged: () => void;
  readonly onDone: () => void;
  readonly onCancel: () => void;
  /** The user removes the character, which can be undone. */
  readonly onRemove: (id: string) => void;
}

export function CharacterForm(props: Props): JSX.Element {
  const { talk, character, card, voices: known, voicesProblem, others, othersProblem } = props;
  const { onVoicesChanged, onDone, onCancel, onRemove } = props;
  const voices = known ?? [];
  const isVoiceOpen = !character && others === null && !othersProblem;
  const waiting = (known === null && !voicesProblem) || isVoiceOpen;
  const { draft, isRestored, change, discard, forget } = useCharacterDraft(character, card);
  // The list of characters does not have them.
  const whole = useLoaded(async () => (character ? talk.api.character(character.id) : null));
  const savedTexts = (character ? whole.value : (card ?? { card_texts: NO_CARD_TEXTS }))?.card_texts ?? null;
  const cardTexts = savedTexts && { ...savedTexts, ...draft.card_texts };
  const [failure, setFailure] = useState<RequestFailed | null>(null);
  const [busy, setBusy] = useState(false);
  const problemOf = (field: string) => failure?.about(field) ?? "";
  const userName = shownName(talk.state.value, talk.preferences.value.userName);
  const isUsers = draft.name !== character?.name && isSameName(draft.name, userName);
  const voice = draft.voice || (character ? "" : voiceForNewCharacter(voices, others ?? []));
  const saved = () => {
    forget();
    onDone();
  };
  const run = (request: Promise<void>) => {
    setBusy(true);
    setFailure(null);
    request
      .then(saved, (error: unknown) => setFailure(asFailure(error)))
      .finally(() => setBusy(false));
  };
  const form = useRef<HTMLFormElement>(null);
  // The problem may be far above the button.
  useLayoutEffect(() => {
    if (failure) revealProblem(form.current);
  }, [failure]);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    if (isUsers) {
      revealProblem(form.current);
      return;
    }
    const sent = toSave({ ...draft, voice }, savedTexts);
    run(
      character
        ? talk.api.changeCharacter(character.id, changesTo(character, sent))
        : talk.api.createCharacter(sent).then((id) => talk.changes.seatNew(id)),
    );
  };
  return (
    <form class="form" ref={form} onSubmit={save}>
      <RestoredNote {...{ isRestored, discard }} />
      {card && <CardNotes notes={card.notes} />}
      <PictureField
        name={draft.name}
        image={draft.image}
        problem={problemOf("image")}
        onChange={(image) => change({ image })}
      />
      <div class="field">
        <label for="character-name">{texts.character.name}</label>
        <input
          id="character-name"
          required
          maxLength={40}
          dir="auto"
          value={draft.name}
          placeholder={texts.character.namePlaceholder}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
        <FieldProblem
          text={isUsers ? texts.character.usersName : problemOf("name")}
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
        <label for="character-prompt">{texts.character.personality}</label>
        <textarea
          id="character-prompt"
          rows={8}
          maxLength={8_000}
          dir="auto"
          value={draft.system_prompt}
          placeholder={texts.character.personalityPlaceholder}
          onInput={(event) => change({ system_prompt: event.currentTarget.value })}
        />
        <FieldProblem text={problemOf("system_prompt")} />
      </div>
      {cardTexts ? (
        <CardTextsFields
          value={cardTexts}
          failure={failure}
          onChange={(changed) => change({ card_texts: { ...draft.card_texts, ...changed } })}
        />
      ) : (
        character && <Loading of={whole} />
      )}
      {whole.problem && <FieldProblem text={whole.problem.message} />}
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
      {character && <CardExport talk={talk} character={character} onFailed={setFailure} />}
      {failure && failure.fields.length === 0 && <FieldProblem text={failure.message} />}
      <FormActions
        isNew={character === null}
        busy={busy}
        waiting={waiting}
        onCancel={onCancel}
        onRemove={() => {
          if (!character) return;
          forget();
          onRemove(character.id);
        }}
      />
    </form>
  );
}
