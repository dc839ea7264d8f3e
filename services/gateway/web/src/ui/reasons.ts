/** Why a character answers, in words. */

import { type Texts, texts } from "../texts";

/** `""` if the server gave no reason, or an unknown reason. */
export function reasonText(reason = ""): string {
  const { reasons } = texts;
  return Object.hasOwn(reasons, reason) ? reasons[reason as keyof Texts["reasons"]] : "";
}
