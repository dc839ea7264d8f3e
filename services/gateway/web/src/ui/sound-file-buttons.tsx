/** Buttons that save a conversation as a sound file; while one is made, how far it is and a button that cancels it. */

import type { JSX } from "preact";

import type { Api, SoundFormat } from "../rest/api";
import { formatNumber, texts } from "../texts";
import { fileName } from "./download";
import { soundFiles } from "./sound-files";

interface Props {
  readonly api: Pick<Api, "conversationSound">;
  readonly id: string;
  readonly title: string;
}

const FORMATS: readonly SoundFormat[] = ["ogg", "wav"];
const MEGABYTE = 1_000_000;

export function SoundFileButtons({ api, id, title }: Props): JSX.Element {
  const file = soundFiles.file.value;
  const mine = file?.conversationId === id ? file : null;
  if (mine?.phase === "making") {
    const megabytes = formatNumber(mine.bytes / MEGABYTE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    return (
      <>
        <span class="progress" role="status">
          {texts.conversations.makingSound(megabytes)}
        </span>
        <button type="button" class="link" onClick={() => soundFiles.cancel()}>
          {texts.conversations.cancel}
        </button>
      </>
    );
  }
  const save = (format: SoundFormat) => {
    void soundFiles.save(api, id, format, `${fileName(title, texts.conversations.fileName)}.${format}`);
  };
  return (
    <>
      {FORMATS.map((format) => (
        <button
          key={format}
          type="button"
          class="link"
          disabled={file?.phase === "making"}
          onClick={() => save(format)}
          aria-label={texts.conversations.saveAsOf(texts.conversations.formats[format], title)}
        >
          {texts.conversations.formats[format]}
        </button>
      ))}
      {mine && (
        <p class="remark trouble" role="alert">
          {mine.problem}
        </p>
      )}
    </>
  );
}
