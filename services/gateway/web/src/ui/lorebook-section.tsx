/** The lorebook of a conversation or of a character: its entries, with a form for each. Changes are saved at once. */

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import { type Book, type Entry, NEW_ENTRY, type PlacedEntry, entriesOf, isRecursive, withEntry, withoutEntry } from "../lore/lorebook";
import { texts } from "../texts";
import { download, fileName } from "./download";
import { FileButton } from "./file-button";
import { Icon } from "./icons";
import { ListSearch } from "./list-search";
import { Loading } from "./loading";
import { LoreEntryForm } from "./lore-entry-form";
import { placementText } from "./lore-placement-fields";
import { isMatching } from "./matching";
import { asFailure, useLoaded } from "./request";
import { Switch } from "./switch";

/** Entries that are shown at first, and more each time the user asks for more. */
const SHOWN = 50;

interface Props {
  /** Names what the lorebook belongs to, for what was entered and not saved. */
  readonly owner: string;
  readonly lead: string;
  /** The beginning of the name of an exported file. */
  readonly name: string;
  readonly load: () => Promise<Book>;
  /** Save a book, or a file with one. Resolves to what was saved. */
  readonly save: (book: Book | Blob) => Promise<Book>;
}

/** `removed`: the name of the entry that was removed; null if a file was imported. */
interface Replaced {
  readonly book: Book;
  readonly removed: string | null;
}

export function LorebookSection({ owner, lead, name, load, save }: Props): JSX.Element {
  const heading = useId();
  const loaded = useLoaded(load);
  const [saved, setSaved] = useState<Book | null>(null);
  /** The book before the last import or removal, which can be undone. */
  const [replaced, setReplaced] = useState<Replaced | null>(null);
  const [editing, setEditing] = useState<PlacedEntry | "new" | null>(null);
  const [shown, setShown] = useState(SHOWN);
  const [search, setSearch] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const book = saved ?? loaded.value;
  const entries = book === null ? [] : entriesOf(book);
  const found = entries.filter(({ name: entryName, keys, content }) => isMatching(search, entryName, ...keys, content));
  const keep = (next: Book | Blob, before: Replaced | null = null, done = () => {}) => {
    setBusy(true);
    setProblem("");
    save(next)
      .then(
        (now) => {
          done();
          setSaved(now);
          setReplaced(before);
          setEditing(null);
        },
        (error: unknown) => setProblem(asFailure(error).message),
      )
      .finally(() => setBusy(false));
  };
  const put = (place: string | null, entry: Partial<Entry>, done?: () => void) =>
    book && keep(withEntry(book, place, entry), null, done);
  const remove = (entry: PlacedEntry) =>
    book && keep(withoutEntry(book, entry.place), { book, removed: nameOf(entry) });
  const exported = () =>
    download(
      new Blob([JSON.stringify(book, null, 2)], { type: "application/json" }),
      `${fileName(name, texts.lorebook.fileName)}-${texts.lorebook.fileName}.json`,
    );
  const trouble = problem || (loaded.problem?.message ?? "");
  return (
    <section class="lorebook" aria-labelledby={heading} aria-busy={busy}>
      <h3 id={heading}>{texts.lorebook.title}</h3>
      <p class="lead">{lead}</p>
      {trouble && (
        <p class="remark trouble" role="alert">
          {trouble}
        </p>
      )}
      {editing && (
        <LoreEntryForm
          key={editing === "new" ? "new" : editing.place}
          draftKey={draftKey(owner, editing)}
          entry={editing === "new" ? NEW_ENTRY : editing}
          isNew={editing === "new"}
          busy={busy}
          onSave={(entry, forget) => {
            if (editing === "new") setSearch(""); // the new entry must be in view
            put(editing === "new" ? null : editing.place, entry, forget);
          }}
          onCancel={() => setEditing(null)}
          onRemove={() => editing !== "new" && remove(editing)}
        />
      )}
      {!book && <Loading of={loaded} />}
      {!editing && book && (
        <>
          {entries.length === 0 && <p class="detail">{texts.lorebook.none}</p>}
          <ListSearch
            label={texts.listSearch.entries}
            count={entries.length}
            found={found.length}
            text={search}
            onInput={setSearch}
          />
          <ul class="list">
            {found.slice(0, shown).map((entry) => (
              <Row
                key={entry.place}
                entry={entry}
                busy={busy}
                onEdit={() => setEditing(entry)}
                onSwitch={(enabled) => put(entry.place, { enabled })}
              />
            ))}
          </ul>
          {found.length > shown && (
            <button type="button" onClick={() => setShown(shown + SHOWN)}>
              {texts.lorebook.more(found.length - shown)}
            </button>
          )}
          {entries.length > 1 && (
            <label class="check">
              <input
                type="checkbox"
                checked={isRecursive(book)}
                disabled={busy}
                onChange={(event) => keep({ ...book, recursive_scanning: event.currentTarget.checked })}
              />
              {texts.lorebook.recursive}
            </label>
          )}
          {replaced && (
            <p class="detail undoable" role="status">
              {replaced.removed === null
                ? texts.lorebook.imported(entries.length)
                : texts.characters.removed(replaced.removed)}{" "}
              <button type="button" class="link" ref={replaced.removed === null ? null : focused} onClick={() => !busy && keep(replaced.book)}>
                {texts.lorebook.undo}
              </button>
            </p>
          )}
          <div class="actions">
            <button type="button" disabled={busy} onClick={() => setEditing("new")}>
              <Icon name="plus" /> {texts.lorebook.add}
            </button>
            <FileButton
              text={texts.lorebook.import}
              accept="application/json,.json"
              busy={busy}
              onChoose={(file) => keep(file, { book, removed: null })}
            />
            {entries.length > 0 && (
              <button type="button" onClick={exported}>
                {texts.lorebook.export}
              </button>
            )}
          </div>
        </>
      )}
    </section>
  );
}

/** Take the focus: the button that had it is gone. */
function focused(element: HTMLElement | null): void {
  element?.focus();
}

/** The place of an entry changes if one before it is removed, so that its content must be in the key. */
function draftKey(owner: string, editing: PlacedEntry | "new"): string {
  return `lore:${owner}:${JSON.stringify(editing)}`;
}

function nameOf(entry: Entry): string {
  return entry.name || entry.keys[0] || texts.lorebook.unnamed;
}

function Row({
  entry,
  busy,
  onEdit,
  onSwitch,
}: {
  entry: PlacedEntry;
  busy: boolean;
  onEdit: () => void;
  onSwitch: (enabled: boolean) => void;
}): JSX.Element {
  const name = nameOf(entry);
  const placement = placementText(entry.placement);
  return (
    <li class="row">
      <div class="grow">
        <p class="name" dir="auto">
          {name}
        </p>
        <p class="detail preview" dir="auto">
          {entry.constant ? texts.lorebook.always : entry.keys.join(", ")}
        </p>
        {placement && <p class="detail">{placement}</p>}
      </div>
      <div class="row-end">
        <button type="button" disabled={busy} onClick={onEdit} aria-label={texts.characters.editName(name)}>
          {texts.characters.edit}
        </button>
        <Switch label={texts.lorebook.isUsed(name)} on={entry.enabled} disabled={busy} onChange={onSwitch} />
      </div>
    </li>
  );
}
