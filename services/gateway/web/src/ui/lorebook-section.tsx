/** The lorebook of a conversation or of a character: its entries, with a form for each. Changes are saved at once. */

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import { type Book, type Entry, NEW_ENTRY, type PlacedEntry, entriesOf, isRecursive, withEntry, withoutEntry } from "../lore/lorebook";
import { texts } from "../texts";
import { download, fileName } from "./download";
import { FileButton } from "./file-button";
import { Icon } from "./icons";
import { LoreEntryForm } from "./lore-entry-form";
import { placementText } from "./lore-placement-fields";
import { asFailure, useLoaded } from "./request";
import { Switch } from "./switch";

/** Entries that are shown at first, and more each time the user asks for more. */
const SHOWN = 50;

interface Props {
  readonly lead: string;
  /** The beginning of the name of an exported file. */
  readonly name: string;
  readonly load: () => Promise<Book>;
  /** Save a book, or a file with one. Resolves to what was saved. */
  readonly save: (book: Book | Blob) => Promise<Book>;
}

export function LorebookSection({ lead, name, load, save }: Props): JSX.Element {
  const heading = useId();
  const loaded = useLoaded(load);
  const [saved, setSaved] = useState<Book | null>(null);
  /** The book that an import has replaced. */
  const [replaced, setReplaced] = useState<Book | null>(null);
  const [editing, setEditing] = useState<PlacedEntry | "new" | null>(null);
  const [shown, setShown] = useState(SHOWN);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const book = saved ?? loaded.value;
  const entries = book === null ? [] : entriesOf(book);
  const keep = (next: Book | Blob, before: Book | null = null) => {
    setBusy(true);
    setProblem("");
    save(next)
      .then(
        (now) => {
          setSaved(now);
          setReplaced(before);
          setEditing(null);
        },
        (error: unknown) => setProblem(asFailure(error).message),
      )
      .finally(() => setBusy(false));
  };
  const put = (place: string | null, entry: Partial<Entry>) => book && keep(withEntry(book, place, entry));
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
          entry={editing === "new" ? NEW_ENTRY : editing}
          isNew={editing === "new"}
          busy={busy}
          onSave={(entry) => put(editing === "new" ? null : editing.place, entry)}
          onCancel={() => setEditing(null)}
          onRemove={() => book && editing !== "new" && keep(withoutEntry(book, editing.place))}
        />
      )}
      {!editing && book && (
        <>
          {entries.length === 0 && <p class="detail">{texts.lorebook.none}</p>}
          <ul class="list">
            {entries.slice(0, shown).map((entry) => (
              <Row
                key={entry.place}
                entry={entry}
                busy={busy}
                onEdit={() => setEditing(entry)}
                onSwitch={(enabled) => put(entry.place, { enabled })}
              />
            ))}
          </ul>
          {entries.length > shown && (
            <button type="button" onClick={() => setShown(shown + SHOWN)}>
              {texts.lorebook.more(entries.length - shown)}
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
            <p class="detail" role="status">
              {texts.lorebook.imported(entries.length)}{" "}
              <button type="button" class="link" disabled={busy} onClick={() => keep(replaced)}>
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
              onChoose={(file) => keep(file, book)}
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
  const name = entry.name || entry.keys[0] || texts.lorebook.unnamed;
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
        <button type="button" onClick={onEdit} aria-label={texts.characters.editName(name)}>
          {texts.characters.edit}
        </button>
        <Switch label={texts.lorebook.isUsed(name)} on={entry.enabled} disabled={busy} onChange={onSwitch} />
      </div>
    </li>
  );
}
