/** Who the user is in this conversation: the personas, with a form for each. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Persona } from "../rest/api";
import { type ChosenPersona, NO_PERSONA, shownPersona } from "../talk/persona";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { useDeletions } from "./deletions";
import { Icon } from "./icons";
import { Loading } from "./loading";
import { Notices } from "./notices";
import { PersonaForm } from "./persona-form";
import { Portrait } from "./portrait";
import { Removed } from "./removed-row";
import { asFailure, useLoaded } from "./request";

export function PersonasSection({ talk }: { talk: Talk }): JSX.Element {
  const personas = useLoaded(() => talk.api.personas());
  const [editing, setEditing] = useState<Persona | "new" | null>(null);
  const [problem, setProblem] = useState("");
  const chosen = shownPersona(talk.state.value, talk.preferences.value.persona);
  const isKnown = talk.state.value.persona.confirmed !== null;
  const deletions = useDeletions((id) => {
    talk.api.deletePersona(id).then(personas.reload, (error: unknown) => setProblem(asFailure(error).message));
  });
  const choose = (persona: ChosenPersona) => {
    setProblem(talk.changes.persona(persona) ? "" : texts.model.notChanged);
  };
  const saved = (persona: Persona) => {
    setEditing(null);
    const others = (personas.value ?? []).filter(({ id }) => id !== persona.id);
    personas.put([...others, persona]);
    personas.reload();
    // A new persona is chosen; a conversation gets the new text of its persona when it is chosen again.
    if (editing === "new" || persona.id === chosen.id) choose({ id: persona.id, name: persona.name });
  };
  const trouble = problem || (personas.problem?.message ?? "");
  const isDeleted = chosen.id !== "" && personas.value?.every(({ id }) => id !== chosen.id);
  return (
    <section aria-labelledby="personas-title">
      <h3 id="personas-title">{texts.personas.title}</h3>
      <p class="lead">{texts.personas.lead}</p>
      <Notices talk={talk} place="persona" />
      {trouble && (
        <p class="remark trouble" role="alert">
          {trouble}
        </p>
      )}
      {editing ? (
        <PersonaForm
          talk={talk}
          persona={editing === "new" ? null : editing}
          onSaved={saved}
          onCancel={() => setEditing(null)}
          onRemove={(id) => {
            deletions.begin(id);
            setEditing(null);
          }}
        />
      ) : (
        <fieldset class="personas" aria-labelledby="personas-title" disabled={!isKnown}>
          <ul class="list">
            <Choice
              name={texts.personas.none}
              detail={texts.personas.noneEffect}
              checked={chosen.id === ""}
              onChoose={() => choose(NO_PERSONA)}
            />
            {isDeleted && <Choice name={chosen.name} detail={texts.personas.deleted} checked onChoose={() => {}} />}
            {personas.value?.map((persona) =>
              deletions.waiting.has(persona.id) ? (
                <Removed key={persona.id} name={persona.name} onUndo={() => deletions.undo(persona.id)} />
              ) : (
                <Choice
                  key={persona.id}
                  name={persona.name}
                  image={persona.image}
                  detail={persona.description}
                  checked={persona.id === chosen.id}
                  onChoose={() => choose({ id: persona.id, name: persona.name })}
                  onEdit={() => setEditing(persona)}
                />
              ),
            )}
          </ul>
          <Loading of={personas} />
          <button type="button" onClick={() => setEditing("new")}>
            <Icon name="plus" /> {texts.personas.new}
          </button>
        </fieldset>
      )}
    </section>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly detail: string;
  /** The picture; undefined: no portrait is shown. */
  readonly image?: string;
  readonly checked: boolean;
  readonly onChoose: () => void;
  readonly onEdit?: () => void;
}

function Choice({ name, detail, image, checked, onChoose, onEdit }: ChoiceProps): JSX.Element {
  return (
    <li class="row">
      <label class="persona-choice">
        <input type="radio" name="persona" checked={checked} onChange={onChoose} />
        {image !== undefined && <Portrait name={name} image={image} />}
        <span class="grow">
          <bdi class="name">{name}</bdi>
          <span class="detail preview" dir="auto">
            {detail}
          </span>
        </span>
      </label>
      {onEdit && (
        <button type="button" aria-label={texts.personas.editName(name)} onClick={onEdit}>
          {texts.personas.edit}
        </button>
      )}
    </li>
  );
}
