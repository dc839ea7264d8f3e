/** The panel of characters, where the user seats them at the table, changes them and adds new ones. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { CardDraft, Character, Voice } from "../rest/api";
import { isCastKept, isCastKnown, isTold } from "../talk/cast";
import type { Talk } from "../talk/talk";
import { texts, voiceDescription } from "../texts";
import { readCard } from "./card-file";
import { CharacterForm } from "./character-form";
import { useDeletions } from "./deletions";
import { FileButton } from "./file-button";
import { isFirstMissing } from "./first-characters";
import { Icon } from "./icons";
import { ListSearch } from "./list-search";
import { Loading } from "./loading";
import { LorebookSection } from "./lorebook-section";
import { isMatching } from "./matching";
import type { People } from "./people";
import { NameField } from "./name-field";
import { Portrait } from "./portrait";
import { Removed } from "./removed-row";
import { asFailure, useLoaded } from "./request";
import { Sheet } from "./sheet";
import { Switch } from "./switch";

export function CharactersSheet({
  talk,
  people,
  first,
  file,
  onFileTaken,
  onClose,
}: {
  talk: Talk;
  people: People;
  /** The id of the character whose form is shown first; `""`: the list. */
  first: string;
  /** A file that was dropped onto the page; null: none. */
  file: File | null;
  onFileTaken: () => void;
  onClose: () => void;
}): JSX.Element {
  const characters = useLoaded(() => talk.api.characters());
  const voices = useLoaded(() => talk.api.voices());
  const [editing, setEditing] = useState<Character | "new" | null>(null);
  const [card, setCard] = useState<CardDraft | null>(null);
  const [reading, setReading] = useState(false);
  const [problem, setProblem] = useState("");
  const [search, setSearch] = useState("");
  const { characters: known, cast } = talk.state.value;
  const isSeated = ({ id, active }: Character) => known.find((each) => each.id === id)?.active ?? active;
  useEffect(() => {
    const found = characters.value?.find(({ id }) => id === first);
    // The user may have begun a new character meanwhile.
    if (found) setEditing((now) => now ?? found);
  }, [characters.value === null]);
  const readFile = (chosen: File) => {
    setProblem("");
    setReading(true);
    readCard(talk, chosen)
      .then(
        (read) => {
          setCard(read);
          setEditing("new");
        },
        (error: unknown) => {
          setEditing(null);
          setProblem(asFailure(error).message);
        },
      )
      .finally(() => setReading(false));
  };
  useEffect(() => {
    if (!file) return;
    readFile(file);
    onFileTaken();
  }, [file]);
  const leave = () => {
    setEditing(null);
    setCard(null);
  };
  const changed = () => {
    // The new character would not be seen among those that were found.
    if (editing === "new") setSearch("");
    leave();
    setProblem("");
    characters.reload();
    talk.changes.refreshCharacters();
  };
  const restore = () => {
    talk.api.restoreCharacters().then(changed, (error: unknown) => setProblem(asFailure(error).message));
  };
  const deletions = useDeletions((id) => {
    talk.api.deleteCharacter(id).then(
      () => {
        characters.reload();
        talk.changes.refreshCharacters();
      },
      (error: unknown) => setProblem(asFailure(error).message),
    );
  });
  if (editing) {
    // The list may be loaded again while the form is shown.
    const saved = editing === "new" ? null : (characters.value?.find(({ id }) => id === editing.id) ?? editing);
    return (
      <Sheet title={editing === "new" ? texts.characters.new : editing.name} onClose={onClose}>
        <CharacterForm
          key={editing === "new" ? (card?.character.card ?? "") : editing.id}
          talk={talk}
          character={saved}
          card={editing === "new" ? (card ?? undefined) : undefined}
          voices={voices.value}
          voicesProblem={voices.problem?.message ?? ""}
          others={characters.value}
          othersProblem={characters.problem?.message ?? ""}
          onVoicesChanged={voices.reload}
          onDone={changed}
          onCancel={leave}
          onRemove={(id) => {
            deletions.begin(id);
            leave();
          }}
        />
        {editing !== "new" && (
          <LorebookSection
            key={editing.id}
            owner={editing.id}
            lead={texts.lorebook.ofCharacter}
            name={editing.name}
            load={() => talk.api.lorebook({ kind: "character", id: editing.id })}
            save={(book) => talk.api.saveLorebook({ kind: "character", id: editing.id }, book)}
          />
        )}
      </Sheet>
    );
  }
  const shown = (characters.value ?? []).filter(({ id, name, system_prompt: prompt }) =>
    deletions.waiting.has(id) || isMatching(search, name, prompt),
  );
  const trouble = problem || (characters.problem?.message ?? "");
  return (
    <Sheet title={texts.app.characters} onClose={onClose}>
      <p class="lead">{texts.characters.lead}</p>
      <NameField talk={talk} asks={false} />
      {trouble && (
        <p class="remark trouble" role="alert">
          {trouble}
        </p>
      )}
      <Loading of={characters} />
      <ListSearch
        label={texts.listSearch.characters}
        count={characters.value?.length ?? 0}
        found={shown.length}
        text={search}
        onInput={setSearch}
      />
      <ul class="list">
        {shown.map((character) =>
          deletions.waiting.has(character.id) ? (
            <Removed key={character.id} name={character.name} onUndo={() => deletions.undo(character.id)} />
          ) : (
          <li key={character.id} class="row" style={people.look(character.id).style}>
            <Portrait name={character.name} image={character.image} />
            <div class="grow">
              <p class="name" dir="auto">
                {character.name}
              </p>
              <p class="detail" dir="auto">
                {soundOf(character.voice, voices.value ?? [])}
              </p>
            </div>
            <div class="row-end">
              <button type="button" onClick={() => setEditing(character)} aria-label={texts.characters.editName(character.name)}>
                {texts.characters.edit}
              </button>
              <Switch
                label={texts.characters.takesPart(character.name)}
                on={isSeated(character)}
                disabled={!isCastKnown(talk.state.value)}
                onChange={(on) => talk.changes.seat(character.id, on)}
              />
            </div>
          </li>
          ),
        )}
      </ul>
      {isCastKept(cast) && (
        <label class="check">
          <input
            type="checkbox"
            checked={isTold(cast)}
            onChange={(event) => talk.changes.tell(event.currentTarget.checked)}
          />
          {texts.characters.told}
        </label>
      )}
      <div class="actions">
        <button type="button" class="primary" onClick={() => setEditing("new")}>
          <Icon name="plus" /> {texts.characters.new}
        </button>
        <FileButton
          text={texts.cards.choose}
          accept="image/png,image/jpeg,application/json,.png,.charx,.jpg,.jpeg,.json"
          busy={reading}
          onChoose={readFile}
        />
        {characters.value && isFirstMissing(characters.value) && (
          <button type="button" onClick={restore}>
            {texts.characters.restoreFirst}
          </button>
        )}
      </div>
      <p class="detail" role="status">
        {reading ? texts.cards.reading : texts.cards.hint}
      </p>
    </Sheet>
  );
}

/** What a character's voice sounds like; the voice's id while no engine is known that has it. */
function soundOf(id: string, voices: readonly Voice[]): string {
  const voice = voices.find((each) => each.id === id);
  return voice ? voiceDescription(voice) : id;
}
