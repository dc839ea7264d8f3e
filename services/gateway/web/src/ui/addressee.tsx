/** Chooses who answers the next message: the text decides, one character, or no character. */

import type { JSX } from "preact";

import { texts } from "../texts";
import type { People } from "./people";

/** `""`: the text decides; `nobody`; or the id of a character. */
export type Addressee = string;

const NOBODY = "nobody";

/** The ids of the characters that answer; `[]`: no character; null: the text decides. */
export function idsOf(to: Addressee): readonly string[] | null {
  if (to === "") return null;
  return to === NOBODY ? [] : [to];
}

/** The choice, without a character that has left the table. */
export function present(to: Addressee, people: People): Addressee {
  return to === NOBODY || people.characters.some(({ id, active }) => active && id === to) ? to : "";
}

interface Props {
  readonly people: People;
  readonly to: Addressee;
  readonly onChange: (to: Addressee) => void;
}

export function AddresseeField({ people, to, onChange }: Props): JSX.Element {
  return (
    <label class={to ? "chip chosen" : "chip"}>
      {texts.addressee.to}
      <select value={to} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{texts.addressee.automatic}</option>
        {people.characters
          .filter(({ active }) => active)
          .map(({ id, name }) => (
            <option key={id} value={id} dir="auto">
              {name}
            </option>
          ))}
        <option value={NOBODY}>{texts.addressee.nobody}</option>
      </select>
    </label>
  );
}

/** "to Luna" or "to no one"; `""` if the text decides. */
export function addressText(to: readonly string[] | null, people: People): string {
  if (to === null) return "";
  const names = to.map((id) => people.characters.find((each) => each.id === id)?.name ?? texts.addressee.someone);
  return names.length > 0 ? texts.addressee.toNames(names.join(", ")) : texts.addressee.toNobody;
}
