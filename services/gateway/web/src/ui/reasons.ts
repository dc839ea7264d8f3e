/** Why a character answers, in words. Pure. */

const REASONS: Readonly<Record<string, string>> = {
  named: "you named it",
  follow_up: "you followed up on its last reply",
  everyone: "all characters answer",
  chosen: "you named no one, and it joins in",
  in_turn: "it is next in turn",
  asked: "you chose it",
  goes_on: "you asked it to go on",
  discussion: "they talk among themselves",
};

/** `""` if the server gave no reason, or an unknown reason. */
export function reasonText(reason = ""): string {
  return Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? "") : "";
}
