/** The form for one entry of a lorebook. */

import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { type Entry, MAX_CONTENT_CHARS, MAX_NAME_CHARS, keysIn } from "../lore/lorebook";
import { hasOwnPlacement } from "../lore/placement";
import { texts } from "../texts";
import { revealProblem } from "./field-problem";
import { FormActions } from "./form-actions";
import { useFormDraft } from "./form-draft";
import { LorePlacementFields, draftOf, placementIn } from "./lore-placement-fields";
import { RestoredNote } from "./restored-note";

interface Props {
  /** Names the entry, for what was entered and not saved. */
  readonly draftKey: string;
  readonly entry: Entry;
  readonly isNew: boolean;
  readonly busy: boolean;
  /** @param forget to be called when the entry is saved */
  readonly onSave: (entry: Entry, forget: () => void) => void;
  readonly onCancel: () => void;
  readonly onRemove: () => void;
}

export function LoreEntryForm({ draftKey, entry, isNew, busy, onSave, onCancel, onRemove }: Props): JSX.Element {
  const id = useId();
  const { draft, isRestored, change, discard, forget } = useFormDraft(draftKey, {
    ...entry,
    keyLines: entry.keys.join("\n"),
    placementDraft: draftOf(entry.placement),
  });
  /** How often the user has tried to save with a wrong number. */
  const [refusals, setRefusals] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const first = useRef<HTMLInputElement>(null);
  // Before the user can type: a later focus would take the text that is typed into another field.
  useLayoutEffect(() => first.current?.focus(), []);
  useLayoutEffect(() => {
    if (refusals > 0) revealProblem(form.current);
  }, [refusals]);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const { keyLines, placementDraft, ...changed } = draft;
    const placement = placementIn(placementDraft);
    if (placement) onSave({ ...changed, name: draft.name.trim(), keys: keysIn(keyLines), placement }, forget);
    else setRefusals((before) => before + 1);
  };
  return (
    <form class="form" ref={form} onSubmit={save}>
      <RestoredNote {...{ isRestored, discard }} />
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
          value={draft.keyLines}
          aria-describedby={`${id}-keys-effect`}
          onInput={(event) => change({ keyLines: event.currentTarget.value })}
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
        draft={draft.placementDraft}
        isDecorated={hasOwnPlacement(draft.content)}
        checked={refusals > 0}
        onChange={(part) => change({ placementDraft: { ...draft.placementDraft, ...part } })}
      />
      <FormActions
        {...{ isNew, busy, onCancel }}
        onRemove={() => {
          forget();
          onRemove();
        }}
      />
    </form>
  );
}
