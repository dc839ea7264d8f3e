/** Pictures and colours of the characters, including characters that were removed. */

import type { Participant } from "../wire/events";
import { hueOfId, huesOf } from "./colours";
import type { Hues } from "./former-hues";
import type { PictureHues } from "./picture-hue";

export interface Look {
  readonly image: string;
  /** CSS for `style`: the custom property from which the theme derives the character's colours. */
  readonly style: string;
}

export class People {
  readonly #hues: ReadonlyMap<string, number>;
  readonly #images: ReadonlyMap<string, string>;
  readonly #isMeasured: (id: string) => boolean;

  constructor(
    readonly characters: readonly Participant[],
    pictureHues: PictureHues,
    /** The hues that characters had; also of characters that are no longer in the list. */
    private readonly former: Hues = new Map(),
  ) {
    this.#hues = huesOf(
      characters.map(({ id, active, image }) => ({ id, active, pictureHue: pictureHues.get(image) ?? null })),
      former,
    );
    this.#images = new Map(characters.map((character) => [character.id, character.image]));
    this.#isMeasured = (id) => {
      const image = this.#images.get(id) ?? "";
      return image === "" || pictureHues.has(image);
    };
  }

  /** The hues of the characters in the list whose picture is measured. */
  hues(): Hues {
    return new Map([...this.#hues].filter(([id]) => this.#isMeasured(id)));
  }

  look(characterId: string): Look {
    const hue = this.#hues.get(characterId) ?? this.former.get(characterId) ?? hueOfId(characterId);
    return { image: this.#images.get(characterId) ?? "", style: `--hue:${hue}` };
  }
}
