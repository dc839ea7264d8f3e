/** Says that a form shows what the user had entered before, and lets the user discard it. */

import type { JSX } from "preact";

import { texts } from "../texts";
import type { FormDraft } from "./form-draft";

type Props = Pick<FormDraft<object>, "isRestored" | "discard">;

export function RestoredNote({ isRestored, discard }: Props): JSX.Element | null {
  if (!isRestored) return null;
  return (
    <p class="detail" role="status">
      {texts.character.restored}{" "}
      <button type="button" class="link" onClick={discard}>
        {texts.character.discard}
      </button>
    </p>
  );
}
