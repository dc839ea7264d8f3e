/** Pictures and colours of the characters, including characters that were removed. */

import type { Participant } from "../wire/events";
import { hueOfId, huesOf } from "./colours";
import type { PictureHues } from "./picture-hue";

export interface Look {
  readonly image: string;
  /** CSS for `style`: the custom property from which the theme derives the character's colours. */
  readonly style: string;
}

export class People {
  readonly #hues: ReadonlyMap<string, number>;
  readonly #images: ReadonlyMap<string, string>;

  constructor(
    readonly characters: readonly Participant[],
    pictureHues: PictureHues,
  ) {
    this.#hues = huesOf(characters.map(({ id, image }) => ({ id, pictureHue: pictureHues.get(image) ?? null })));
    this.#images = new Map(characters.map((character) => [character.id, character.image]));
  }

  look(characterId: string): Look {
    const hue = this.#hues.get(characterId) ?? hueOfId(characterId);
    return { image: this.#images.get(characterId) ?? "", style: `--hue:${hue}` };
  }
}
