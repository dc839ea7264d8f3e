/** Converts a picture file to a small data: URI. The server stores it with the character and accepts up to 256 KiB. */

import { texts } from "../texts";

const SIDE_PX = 256;
const MAX_CHARS = 262_144;

/** The file cannot be used as a picture. The error's message says why. */
export class BadPicture extends Error {
  override readonly name = "BadPicture";
}

/** Crop the middle of the picture to a square of 256 px. @throws BadPicture */
export async function pictureUri(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new BadPicture(texts.character.pictureUnknown);
  });
  const side = Math.min(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  canvas.width = SIDE_PX;
  canvas.height = SIDE_PX;
  const context = canvas.getContext("2d");
  if (!context) throw new BadPicture(texts.character.cannotDraw);
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE_PX, SIDE_PX);
  bitmap.close();
  let uri = canvas.toDataURL("image/webp", 0.85);
  // A browser that cannot write WebP writes a PNG, which is too large for some photographs.
  if (uri.length > MAX_CHARS) uri = canvas.toDataURL("image/jpeg", 0.85);
  if (uri.length > MAX_CHARS) throw new BadPicture(texts.character.pictureTooLarge);
  return uri;
}
