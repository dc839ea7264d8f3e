/** The button that makes a conversation from a file: JSON as exported, or a chat of SillyTavern. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Api, ImportedConversation } from "../rest/api";
import { newId } from "../talk/new-id";
import { texts } from "../texts";
import { FileButton } from "./file-button";

interface Props {
  readonly api: Pick<Api, "importConversation">;
  /** A file that was dropped onto the page; null: none. */
  readonly file: File | null;
  readonly onFileTaken: () => void;
  readonly onImported: (imported: ImportedConversation) => void;
  readonly onFailed: (error: unknown) => void;
}

export function ImportButton({ api, file: dropped, onFileTaken, onImported, onFailed }: Props): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  /** The failed request. If the user chooses the same file again, it is repeated, because it may have succeeded. */
  const failed = useRef({ file: "", requestId: "" });
  const choose = (file: File) => {
    const name = `${file.name} ${file.size} ${file.lastModified}`;
    const requestId = failed.current.file === name ? failed.current.requestId : newId();
    failed.current = { file: name, requestId };
    setBusy(true);
    api
      .importConversation(file, requestId)
      .then(onImported, onFailed)
      .finally(() => setBusy(false));
  };
  useEffect(() => {
    if (!dropped) return;
    choose(dropped);
    onFileTaken();
  }, [dropped]);
  return (
    <FileButton
      text={isBusy ? texts.conversations.importing : texts.conversations.import}
      accept=".json,.jsonl,application/json"
      busy={isBusy}
      onChoose={choose}
    />
  );
}
