/** The buttons at the end of a form: save, back, and remove for what exists already. */

import type { JSX } from "preact";

import { texts } from "../texts";

interface Props {
  /** The form is for something new. */
  readonly isNew: boolean;
  readonly busy: boolean;
  /** The form cannot be saved now. */
  readonly waiting?: boolean;
  readonly onCancel: () => void;
  readonly onRemove: () => void;
}

export function FormActions({ isNew, busy, waiting = false, onCancel, onRemove }: Props): JSX.Element {
  return (
    <div class="actions">
      <button type="submit" class="primary" disabled={busy || waiting}>
        {isNew ? texts.character.add : texts.character.save}
      </button>
      <button type="button" onClick={onCancel}>
        {texts.character.back}
      </button>
      {!isNew && (
        <button type="button" class="danger" disabled={busy} onClick={onRemove}>
          {texts.character.remove}
        </button>
      )}
    </div>
  );
}
