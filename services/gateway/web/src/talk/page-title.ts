/** The title of the browser's tab: what happens now, so that a tab in the background says who speaks. Pure. */

import type { PageState } from "./page-state";
import { statusLine } from "./status-line";

const NAME = "Tertulia";
const MAX_CHARS = 40;

export function pageTitle(state: PageState): string {
  const { mood, text } = statusLine(state);
  const now = mood === "idle" && state.soundBlocked === "" ? subject(state) : text.replace(/…$/u, "");
  return now ? `${now} – ${NAME}` : NAME;
}

/** The first message of the user. */
function subject({ messages }: PageState): string {
  const first = messages.find((message) => message.kind === "user")?.text.trim() ?? "";
  const chars = Array.from(first);
  return chars.length > MAX_CHARS ? `${chars.slice(0, MAX_CHARS - 1).join("").trimEnd()}…` : first;
}
