/** The row of a character or a persona that is about to be removed. */

import type { JSX } from "preact";

import { texts } from "../texts";

/** It takes the focus, because the button that had it is gone. */
export function Removed({ name, onUndo }: { name: string; onUndo: () => void }): JSX.Element {
  return (
    <li class="row">
      <p class="grow" role="status" dir="auto">
        {texts.characters.removed(name)}
      </p>
      <button type="button" ref={(button) => button?.focus()} onClick={onUndo}>
        {texts.characters.undo}
      </button>
    </li>
  );
}
