/** The panel of conversations, where the user opens, renames, exports and deletes conversations. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { ConversationRow, ImportedConversation } from "../rest/api";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { useConversationList } from "./conversation-list";
import { useDeletions } from "./deletions";
import { ExportButtons } from "./export-buttons";
import { Icon } from "./icons";
import { ImportButton } from "./import-button";
import { Loading } from "./loading";
import { Sheet } from "./sheet";
import { when } from "./when";

interface Props {
  readonly talk: Talk;
  /** A file that was dropped onto the page; null: none. */
  readonly file: File | null;
  readonly onFileTaken: () => void;
  readonly onClose: () => void;
}

export function ConversationsSheet({ talk, file, onFileTaken, onClose }: Props): JSX.Element {
  const [search, setSearch] = useState("");
  const { rows, hasMore, problem, more, reload, failed } = useConversationList(talk.api, search.trim());
  /** How many names in the file that was imported last were too long. */
  const [shortened, setShortened] = useState(0);
  const deletions = useDeletions((id) => {
    talk.api.deleteConversation(id).then(() => {
      if (id === talk.state.value.conversationId) talk.conversations.openNew();
      reload();
    }, failed);
  });
  const open = (act: () => void) => {
    act();
    onClose();
  };
  const opened = ({ id, shortened_names: shortenedNames }: ImportedConversation) => {
    talk.conversations.openOther(id);
    setShortened(shortenedNames);
    if (shortenedNames) reload(); // the panel stays open, so that the user reads about the names
    else onClose();
  };
  const notImported = (error: unknown) => {
    setShortened(0);
    failed(error);
  };
  return (
    <Sheet title={texts.app.conversations} onClose={onClose}>
      <div class="actions">
        <button type="button" class="primary" onClick={() => open(() => talk.conversations.openNew())}>
          <Icon name="plus" /> {texts.conversations.new}
        </button>
        <ImportButton
          api={talk.api}
          file={file}
          onFileTaken={onFileTaken}
          onImported={opened}
          onFailed={notImported}
        />
      </div>
      <p class="remark" role="status" hidden={shortened === 0}>
        {shortened > 0 && texts.conversations.shortenedNames(shortened)}
      </p>
      {problem && (
        <p class="remark trouble" role="alert">
          {problem}
        </p>
      )}
      <input
        type="search"
        class="search"
        aria-label={texts.conversations.search}
        placeholder={texts.conversations.searchHint}
        maxLength={200}
        dir="auto"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {rows?.length === 0 && (
        <p class="lead" role="status">
          {search.trim()
            ? texts.conversations.noMatch
            : texts.conversations.empty}
        </p>
      )}
      <Loading of={{ value: rows, problem }} />
      <ul class="list">
        {rows?.map((row) => (
          <Row
            key={row.id}
            row={row}
            talk={talk}
            here={row.id === talk.state.value.conversationId}
            onOpen={() => open(() => talk.conversations.openOther(row.id))}
            isDeleted={deletions.waiting.has(row.id)}
            onDelete={() => deletions.begin(row.id)}
            onUndo={() => deletions.undo(row.id)}
            onChanged={reload}
            onFailed={failed}
          />
        ))}
      </ul>
      {hasMore && (
        <button type="button" onClick={more}>
          {texts.conversations.older}
        </button>
      )}
    </Sheet>
  );
}

interface RowProps {
  readonly row: ConversationRow;
  readonly talk: Talk;
  readonly here: boolean;
  readonly onOpen: () => void;
  /** True as long as the deletion can be undone. */
  readonly isDeleted: boolean;
  readonly onDelete: () => void;
  readonly onUndo: () => void;
  readonly onChanged: () => void;
  readonly onFailed: (error: unknown) => void;
}

function Row({ row, talk, here, isDeleted, ...on }: RowProps): JSX.Element {
  const { onOpen, onDelete, onUndo, onChanged, onFailed } = on;
  const [renaming, setRenaming] = useState(false);
  const [saving, setSaving] = useState(false);
  const title = row.title || texts.conversations.untitled;
  const rename = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = new FormData(event.currentTarget as HTMLFormElement).get("title");
    setRenaming(false);
    talk.api.renameConversation(row.id, typeof wanted === "string" ? wanted.trim() : "").then(onChanged, onFailed);
  };
  if (isDeleted) {
    return (
      <li class="row talk-row">
        <p class="grow" role="status" dir="auto">
          {texts.conversations.deleted(title)}
        </p>
        <button type="button" ref={focused} onClick={onUndo}>
          {texts.conversations.undo}
        </button>
      </li>
    );
  }
  return (
    <li class="row talk-row">
      {renaming ? (
        <form class="grow inline" onSubmit={rename}>
          <input name="title" ref={focused} defaultValue={row.title} maxLength={200} dir="auto" aria-label={texts.conversations.title} />
          <button type="submit">{texts.conversations.save}</button>
          <button type="button" onClick={() => setRenaming(false)}>
            {texts.conversations.cancel}
          </button>
        </form>
      ) : (
        <button type="button" class="open grow" onClick={onOpen} aria-current={here ? "true" : undefined}>
          <span class="name" dir="auto">
            {title}
          </span>
          <span class="detail">
            {here ? `${texts.conversations.openNow} · ` : ""}
            <time dateTime={row.updated_at}>{when(row.updated_at, new Date())}</time>
          </span>
          {row.preview && (
            <span class="detail preview" dir="auto">
              {row.preview_by && `${row.preview_by}: `}
              {row.preview}
            </span>
          )}
        </button>
      )}
      <div class="row-actions">
        <button type="button" class="link" onClick={() => setRenaming(!renaming)}>
          {texts.conversations.rename}
        </button>
        <button
          type="button"
          class="link"
          onClick={() => setSaving(!saving)}
          aria-expanded={saving}
          aria-label={texts.conversations.saveFileOf(title)}
        >
          {texts.conversations.saveFile}
        </button>
        <button type="button" class="link danger" onClick={onDelete}>
          {texts.conversations.delete}
        </button>
      </div>
      {saving && <ExportButtons api={talk.api} id={row.id} title={title} onFailed={onFailed} />}
    </li>
  );
}

/** Take the focus: the button that had it was replaced by this element. */
function focused(element: HTMLElement | null): void {
  element?.focus();
}
