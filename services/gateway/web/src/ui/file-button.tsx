/** A button with which the user chooses one file. */

import type { JSX } from "preact";

interface Props {
  readonly text: string;
  /** The types and name endings that the browser offers, separated by commas. */
  readonly accept: string;
  readonly busy?: boolean;
  readonly onChoose: (file: File) => void;
}

export function FileButton({ text, accept, busy = false, onChoose }: Props): JSX.Element {
  return (
    <label class="button" aria-busy={busy}>
      {text}
      <input
        type="file"
        accept={accept}
        class="unseen"
        disabled={busy}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = ""; // choosing the same file again must fire `change`
          if (file) onChoose(file);
        }}
      />
    </label>
  );
}
