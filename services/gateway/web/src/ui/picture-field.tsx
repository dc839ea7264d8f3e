/** The field in which the user chooses a character's picture from a file. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { texts } from "../texts";
import { FieldProblem } from "./field-problem";
import { FileButton } from "./file-button";
import { BadPicture, pictureUri } from "./picture";
import { Portrait } from "./portrait";

interface Props {
  readonly name: string;
  readonly image: string;
  readonly problem: string;
  readonly onChange: (image: string) => void;
}

export function PictureField({ name, image, problem, onChange }: Props): JSX.Element {
  const [unreadable, setUnreadable] = useState("");
  const choose = (file: File) => {
    pictureUri(file).then(
      (uri) => {
        onChange(uri);
        setUnreadable("");
      },
      (error: unknown) => setUnreadable(error instanceof BadPicture ? error.message : texts.character.pictureNotRead),
    );
  };
  return (
    <div class="field picture-field">
      <Portrait name={name} image={image} />
      <div>
        <FileButton
          text={texts.character.choosePicture}
          accept="image/png,image/jpeg,image/webp,image/gif"
          onChoose={choose}
        />
        {image && (
          <button
            type="button"
            onClick={() => {
              onChange("");
              setUnreadable("");
            }}
          >
            {texts.character.removePicture}
          </button>
        )}
        <FieldProblem text={unreadable || problem} />
      </div>
    </div>
  );
}
