/** Reads a character card for the form, and saves a character as a card. */

import { iconOf, slimCharx } from "../cards/slim-charx";
import type { CardFormat, CardDraft } from "../rest/api";
import type { Talk } from "../talk/talk";
import { RequestFailed } from "../rest/problem";
import { texts } from "../texts";
import { download, fileName } from "./download";
import { pictureUri } from "./picture";

const MAX_BYTES = 16_777_216;
const SIDE_PX = 256;
/** The note of an import that has made no portrait. */
const NO_PICTURE = "no_picture";

/**
 * Read a card on the server. Of a CHARX file that is too large, only the card and its icon are sent. A picture of which
 * the server makes no portrait, such as a large JPEG or WebP, is made smaller here.
 * @throws RequestFailed the file is no card, or is too large
 */
export async function readCard(talk: Talk, file: File): Promise<CardDraft> {
  const draft = await readOnServer(talk, file);
  if (!draft.notes.some(({ code }) => code === NO_PICTURE)) return draft;
  const icon = await iconOf(file);
  // The picture of a PNG, or a JPEG before an archive, is the file itself.
  const image = (icon && (await pictureOf(icon))) || (await pictureOf(file));
  if (!image) return draft;
  const notes = draft.notes.filter(({ code }) => code !== NO_PICTURE);
  return { ...draft, character: { ...draft.character, image }, notes };
}

/** The picture as a portrait; `""` if the browser cannot read it. */
async function pictureOf(file: Blob): Promise<string> {
  return pictureUri(file).catch(() => "");
}

async function readOnServer(talk: Talk, file: File): Promise<CardDraft> {
  if (file.size <= MAX_BYTES) return talk.api.readCard(file);
  const slim = await slimCharx(file);
  if (slim === null || slim.size > MAX_BYTES) throw new RequestFailed(413, texts.cards.tooLarge);
  const draft = await talk.api.readCard(slim);
  return { ...draft, notes: [...draft.notes, { code: "assets_dropped", message: texts.cards.notes.assets_dropped }] };
}

/** Save the character's card as a file. The picture of a PNG is the portrait. @throws RequestFailed */
export async function saveCard(
  talk: Talk,
  character: { readonly id: string; readonly name: string; readonly image: string },
  format: CardFormat,
): Promise<void> {
  const picture = format === "png" ? await portraitPng(character.image) : null;
  const card = picture ? await talk.api.cardWithPicture(character.id, picture) : await talk.api.card(character.id, format);
  download(card, `${fileName(character.name, texts.cards.fileName)}.${format}`);
}

/** The portrait as a PNG; null if there is none, or the browser cannot draw it. The server then takes its own. */
async function portraitPng(image: string): Promise<Blob | null> {
  if (!image.startsWith("data:image/")) return null;
  const picture = new Image();
  picture.src = image;
  try {
    await picture.decode();
  } catch {
    return null;
  }
  const canvas = document.createElement("canvas");
  canvas.width = SIDE_PX;
  canvas.height = SIDE_PX;
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.drawImage(picture, 0, 0, SIDE_PX, SIDE_PX);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
