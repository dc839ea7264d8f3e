/** The part of the reducer that shows the messages of the store. Pure. */

import { withVersions } from "./history-changes";
import type { Message, PageState } from "./page-state";
import type { Stored } from "./stored-loader";

/** Show the stored messages before those of the page. */
export function withStored(state: PageState, { messages: loaded, versions, usage }: Stored): PageState {
  const known = new Set(state.messages.map((message) => message.id));
  const stored = stillAtTable(state, loaded);
  // The first message that is shown already, and all stored messages after it, also arrive as events.
  const shown = stored.findIndex((message) => known.has(message.id));
  const earlier = shown === -1 ? stored : stored.slice(0, shown);
  return {
    ...state,
    messages: [...earlier, ...state.messages],
    // The page's own versions and figures are newer: they are of a turn that has ended meanwhile.
    versions: withVersions(versions, state.versions),
    usage: state.usage ?? usage,
  };
}

/**
 * Show the stored messages again, after a change that brought back more messages than its event contains. The page's
 * own copy of a message is newer than the stored one, and the messages that the store does not have yet are the newest.
 */
export function withReloaded(state: PageState, { messages: loaded, versions }: Stored): PageState {
  const known = new Map(state.messages.map((message) => [message.id, message]));
  const stored = stillAtTable(state, loaded);
  const ids = new Set(stored.map(({ id }) => id));
  const newer = state.messages.filter(({ id }) => !ids.has(id));
  const messages = [...stored.map((message) => known.get(message.id) ?? message), ...newer];
  return { ...state, messages, versions: withVersions(state.versions, versions) };
}

/** The stored messages without those that left the table meanwhile. */
function stillAtTable(state: PageState, messages: readonly Message[]): readonly Message[] {
  const removed = new Set(state.removedIds);
  return removed.size > 0 ? messages.filter(({ id }) => !removed.has(id)) : messages;
}
