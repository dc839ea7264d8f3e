/** Buttons that save a conversation as a file, one for each format, the sound included. */

import type { JSX } from "preact";

import type { Api, ExportFormat } from "../rest/api";
import { texts } from "../texts";
import { download, fileName } from "./download";
import { SoundFileButtons } from "./sound-file-buttons";

interface Props {
  readonly api: Pick<Api, "exportConversation" | "conversationSound">;
  readonly id: string;
  readonly title: string;
  readonly onFailed: (error: unknown) => void;
}

/** The formats, with the end of the file's name. */
const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["markdown", "md"],
  ["text", "txt"],
  ["json", "json"],
  ["jsonl", "jsonl"],
];

export function ExportButtons({ api, id, title, onFailed }: Props): JSX.Element {
  const save = (format: ExportFormat, suffix: string) => {
    const name = `${fileName(title, texts.conversations.fileName)}.${suffix}`;
    api.exportConversation(id, format).then((file) => download(file, name), onFailed);
  };
  return (
    <div class="row-actions" role="group" aria-label={texts.conversations.saveFileOf(title)}>
      {FORMATS.map(([format, suffix]) => (
        <button
          key={format}
          type="button"
          class="link"
          onClick={() => save(format, suffix)}
          aria-label={texts.conversations.saveAsOf(texts.conversations.formats[format], title)}
        >
          {texts.conversations.formats[format]}
        </button>
      ))}
      <SoundFileButtons api={api} id={id} title={title} />
    </div>
  );
}
