/** Why a character answers, in words. Pure. */

const REASONS: Readonly<Record<string, string>> = {
  named: "you called the name",
  follow_up: "you go on with the last speaker",
  everyone: "all were asked",
  chosen: "joins in, because you named no one",
  in_turn: "next in turn",
  asked: "you asked for this answer",
  goes_on: "you asked to go on",
  discussion: "they talk among themselves",
};

/** `""` if the server gave no reason, or an unknown reason. */
export function reasonText(reason = ""): string {
  return Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? "") : "";
}
