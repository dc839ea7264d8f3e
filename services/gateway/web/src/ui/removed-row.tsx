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
      <button type="button" ref={focusOnce} onClick={onUndo}>
        {texts.characters.undo}
      </button>
    </li>
  );
}

/** A function of its own: the same one is not called again when the row is rendered again. */
function focusOnce(element: HTMLElement | null): void {
  element?.focus();
}
