/** The search in a list that is loaded as a whole. A short list has none. */

import type { JSX } from "preact";

import { texts } from "../texts";

/** The fewest rows with which a list can be searched; fewer are seen at a glance. */
const SEARCHED_FROM = 9;
const MAX_CHARS = 200;

interface Props {
  readonly label: string;
  /** The number of rows in the whole list. */
  readonly count: number;
  /** The number of rows that are shown. */
  readonly found: number;
  readonly text: string;
  readonly onInput: (text: string) => void;
}

export function ListSearch({ label, count, found, text, onInput }: Props): JSX.Element | null {
  if (count < SEARCHED_FROM && text === "") return null;
  return (
    <>
      <input
        type="search"
        class="search"
        aria-label={label}
        placeholder={label}
        maxLength={MAX_CHARS}
        dir="auto"
        value={text}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <p class="detail" role="status">
        {text.trim() !== "" && (found === 0 ? texts.listSearch.none : texts.listSearch.found(found, count))}
      </p>
    </>
  );
}
