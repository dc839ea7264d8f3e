/** The form for one persona: picture, name and description. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Persona, PersonaDraft } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import { newId } from "../talk/new-id";
import type { Talk } from "../talk/talk";
import { USER_NAME_MAX, nameProblem } from "../talk/user-name";
import { texts } from "../texts";
import { FieldProblem, revealProblem } from "./field-problem";
import { FormActions } from "./form-actions";
import { useFormDraft } from "./form-draft";
import { PictureField } from "./picture-field";
import { asFailure } from "./request";
import { RestoredNote } from "./restored-note";

const DESCRIPTION_MAX_CHARS = 4_000;
const EMPTY: PersonaDraft = { name: "", description: "", image: "" };

interface Props {
  readonly talk: Talk;
  /** The persona to change; null for a new one. */
  readonly persona: Persona | null;
  readonly onSaved: (persona: Persona) => void;
  readonly onCancel: () => void;
  /** The user removes the persona, which can be undone. */
  readonly onRemove: (id: string) => void;
}

export function PersonaForm({ talk, persona, onSaved, onCancel, onRemove }: Props): JSX.Element {
  // The same for each attempt: a repeated request makes no second persona.
  const [id] = useState(() => persona?.id ?? newId());
  const { draft, isRestored, change, discard, forget } = useFormDraft<PersonaDraft>(
    `persona:${persona?.id ?? ""}`,
    persona ?? EMPTY,
  );
  const [named, setNamed] = useState("");
  const [failure, setFailure] = useState<RequestFailed | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const problemOf = (field: string) => failure?.about(field) ?? "";
  useLayoutEffect(() => {
    if (failure || named) revealProblem(form.current);
  }, [failure, named]);
  // Before the user can type: a later focus would take the text that is typed into another field.
  useLayoutEffect(() => form.current?.querySelector<HTMLInputElement>("#persona-name")?.focus(), []);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const { name, description, image } = draft;
    const found = nameProblem(name, talk.state.value.characters);
    setNamed(found);
    if (found) return;
    setBusy(true);
    setFailure(null);
    talk.api
      .savePersona(id, { name: name.trim(), description: description.trim(), image })
      .then(
        (saved) => {
          forget();
          onSaved(saved);
        },
        (error: unknown) => setFailure(asFailure(error)),
      )
      .finally(() => setBusy(false));
  };
  return (
    <form class="form" ref={form} onSubmit={save}>
      <RestoredNote {...{ isRestored, discard }} />
      <PictureField
        name={draft.name}
        image={draft.image}
        problem={problemOf("image")}
        onChange={(image) => change({ image })}
      />
      <div class="field">
        <label for="persona-name">{texts.personas.name}</label>
        <input
          id="persona-name"
          required
          maxLength={USER_NAME_MAX}
          dir="auto"
          autocomplete="off"
          value={draft.name}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
        <FieldProblem text={named || problemOf("name")} />
      </div>
      <div class="field">
        <label for="persona-description">{texts.personas.description}</label>
        <textarea
          id="persona-description"
          rows={6}
          maxLength={DESCRIPTION_MAX_CHARS}
          dir="auto"
          value={draft.description}
          placeholder={texts.personas.descriptionPlaceholder}
          aria-describedby="persona-description-effect"
          onInput={(event) => change({ description: event.currentTarget.value })}
        />
        <p class="detail" id="persona-description-effect">
          {texts.personas.descriptionEffect}
        </p>
        <FieldProblem text={problemOf("description")} />
      </div>
      {failure && failure.fields.length === 0 && <FieldProblem text={failure.message} />}
      <FormActions
        isNew={persona === null}
        busy={busy}
        onCancel={onCancel}
        onRemove={() => {
          if (!persona) return;
          forget();
          onRemove(persona.id);
        }}
      />
    </form>
  );
}
