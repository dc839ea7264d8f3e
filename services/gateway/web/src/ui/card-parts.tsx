/** The parts of the panel of characters that are about character cards. */

import type { JSX } from "preact";

import type { CardFormat, CardNote, Character } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { saveCard } from "./card-file";
import { asFailure } from "./request";

/** What the import of a card has changed or left out. */
export function CardNotes({ notes }: { notes: readonly CardNote[] }): JSX.Element {
  const known: Readonly<Record<string, string>> = texts.cards.notes;
  return (
    <div class="detail" role="status">
      <p>{texts.cards.fromCard}</p>
      {notes.length > 0 && (
        <ul>
          {notes.map((note) => (
            <li key={note.code}>{known[note.code] ?? note.message}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The buttons that save a character as a card. */
export function CardExport({
  talk,
  character,
  onFailed,
}: {
  talk: Talk;
  character: Character;
  onFailed: (failure: RequestFailed) => void;
}): JSX.Element {
  const save = (format: CardFormat) => {
    saveCard(talk, character, format).catch((error: unknown) => onFailed(asFailure(error)));
  };
  return (
    <div class="card-formats">
      <button type="button" onClick={() => save("png")}>
        {texts.cards.savePng}
      </button>
      <button type="button" onClick={() => save("json")}>
        {texts.cards.saveJson}
      </button>
    </div>
  );
}
