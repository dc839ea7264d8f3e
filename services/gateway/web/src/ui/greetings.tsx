/** The greetings of a character's card, with one of which it can begin a conversation. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import { shownName } from "../talk/user-name";
import { texts } from "../texts";
import { Icon } from "./icons";
import { useLoaded } from "./request";

const SHOWN = 6;

interface Props {
  readonly talk: Talk;
  readonly id: string;
  readonly disabled: boolean;
  /** @param greeting its number, from 1 */
  readonly begin: (greeting: number) => void;
}

export function Greetings({ talk, id, disabled, begin }: Props): JSX.Element | null {
  const userName = shownName(talk.state.value, talk.preferences.value.userName);
  const character = useLoaded(() => talk.api.character(id, userName), userName);
  const greetings = character.value?.greetings ?? [];
  if (greetings.length === 0) return null;
  return (
    <>
      <p class="detail">{texts.cards.begins}</p>
      {greetings.slice(0, SHOWN).map((greeting, index) => (
        <button key={greeting} type="button" class="action" disabled={disabled} onClick={() => begin(index + 1)}>
          <Icon name="talks" /> <span class="greeting" dir="auto">{greeting}</span>
        </button>
      ))}
    </>
  );
}
