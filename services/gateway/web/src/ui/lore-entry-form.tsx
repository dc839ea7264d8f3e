/** The form for one entry of a lorebook. */

import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { type Entry, MAX_CONTENT_CHARS, MAX_NAME_CHARS, keysIn } from "../lore/lorebook";
import { hasOwnPlacement } from "../lore/placement";
import { texts } from "../texts";
import { revealProblem } from "./field-problem";
import { FormActions } from "./form-actions";
import { LorePlacementFields, type PlacementDraft, draftOf, placementIn } from "./lore-placement-fields";

interface Props {
  readonly entry: Entry;
  readonly isNew: boolean;
  readonly busy: boolean;
  readonly onSave: (entry: Entry) => void;
  readonly onCancel: () => void;
  readonly onRemove: () => void;
}

export function LoreEntryForm({ entry, isNew, busy, onSave, onCancel, onRemove }: Props): JSX.Element {
  const id = useId();
  const [draft, setDraft] = useState(entry);
  const [keys, setKeys] = useState(entry.keys.join("\n"));
  const [placement, setPlacement] = useState(draftOf(entry.placement));
  /** How often the user has tried to save with a wrong number. */
  const [refusals, setRefusals] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => {
    if (refusals > 0) revealProblem(form.current);
  }, [refusals]);
  const change = (part: Partial<Entry>) => setDraft((before) => ({ ...before, ...part }));
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const placed = placementIn(placement);
    if (placed) onSave({ ...draft, name: draft.name.trim(), keys: keysIn(keys), placement: placed });
    else setRefusals((before) => before + 1);
  };
  return (
    <form class="form" ref={form} onSubmit={save}>
      <div class="field">
        <label for={`${id}-name`}>{texts.lorebook.name}</label>
        <input
          ref={first}
          id={`${id}-name`}
          maxLength={MAX_NAME_CHARS}
          dir="auto"
          autocomplete="off"
          value={draft.name}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for={`${id}-keys`}>{texts.lorebook.keys}</label>
        <textarea
          id={`${id}-keys`}
          rows={3}
          dir="auto"
          spellcheck={false}
          required={!draft.constant}
          value={keys}
          aria-describedby={`${id}-keys-effect`}
          onInput={(event) => setKeys(event.currentTarget.value)}
        />
        <p class="detail" id={`${id}-keys-effect`}>
          {texts.lorebook.keysEffect}
        </p>
      </div>
      <div class="field">
        <label for={`${id}-content`}>{texts.lorebook.content}</label>
        <textarea
          id={`${id}-content`}
          rows={6}
          required
          maxLength={MAX_CONTENT_CHARS}
          dir="auto"
          value={draft.content}
          onInput={(event) => change({ content: event.currentTarget.value })}
        />
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={draft.constant}
          onChange={(event) => change({ constant: event.currentTarget.checked })}
        />
        {texts.lorebook.constant}
      </label>
      <LorePlacementFields
        draft={placement}
        isDecorated={hasOwnPlacement(draft.content)}
        checked={refusals > 0}
        onChange={(part: Partial<PlacementDraft>) => setPlacement((before) => ({ ...before, ...part }))}
      />
      <FormActions {...{ isNew, busy, onCancel, onRemove }} />
    </form>
  );
}
