/**
 * The part of the reducer that changes the history: a message is replaced, one of its versions is chosen, or it is
 * deleted. Pure.
 */

import { texts } from "../texts";
import type { EventOf } from "../wire/events";
import type { Message, PageState, PendingChange } from "./page-state";
import { storedMessages } from "./stored-messages";

type HistoryChanged = EventOf<"history_changed">;
type Versions = PageState["versions"];

/**
 * The messages that a change takes off the table. `from`: this message and what follows it; `after`: only what follows
 * it; `only`: this message alone, which is deleted.
 */
export interface Extent {
  readonly messageId: string;
  readonly extent: "from" | "after" | "only";
}

/** How a message is shown that a change concerns. `undoable`: deleted, and the deletion is not sent yet. */
export type ChangeMark = "changing" | "deleting" | "undoable";

/** More than the longest branch that is shown at once. */
const REMEMBERED = 20_000;

/** Mark the messages of a change that is sent to the server. */
export function withPendingChange(state: PageState, turnId: string, { messageId, extent }: Extent): PageState {
  const at = state.messages.findIndex(({ id }) => id === messageId);
  if (at === -1) return state;
  const left = state.messages.slice(extent === "after" ? at + 1 : at, extent === "only" ? at + 1 : undefined);
  const ids = left.map(({ id }) => id);
  const pending = { turnId, ids, removes: extent === "only", accepted: false };
  return { ...state, pendingChanges: [...state.pendingChanges, pending] };
}

/** The server has accepted a turn, so it has ended the changes of the turns before. */
export function withAcceptedChange(pending: readonly PendingChange[], turnId: string): readonly PendingChange[] {
  const open = pending.filter((each) => each.turnId === turnId || !each.accepted);
  const at = open.findIndex((each) => each.turnId === turnId);
  const own = open[at];
  return own ? open.with(at, { ...own, accepted: true }) : open;
}

/** The turn has ended, with or without a change. */
export function withoutPendingChange(state: PageState, turnId: string): PageState {
  const pendingChanges = state.pendingChanges.filter((each) => each.turnId !== turnId);
  return pendingChanges.length < state.pendingChanges.length ? { ...state, pendingChanges } : state;
}

/** Apply `history_changed`. */
export function historyChanged(before: PageState, event: HistoryChanged): PageState {
  const state = withoutPendingChange(before, event.turn_id);
  const removed = new Set(event.removed);
  const remaining = state.messages.filter(({ id }) => !removed.has(id));
  const shown = new Set(remaining.map(({ id }) => id));
  const stored = storedMessages(event.restored);
  const restored = stored.filter(({ id }) => !shown.has(id));
  // The user took a message back by voice: the words that did it are shown, and its new version has no text.
  const emptied = event.change === "replaced" ? stored.find(({ id }) => id === event.message_id) : undefined;
  const kept = emptied ? remaining.map((each) => (each.id === emptied.id ? emptied : each)) : remaining;
  const isBack = new Set(event.restored.map(({ id }) => id));
  const isOwn = before.pendingChanges.some(({ turnId }) => turnId === event.turn_id);
  const left = new Set([...state.removedIds, ...event.removed]);
  const removedIds = [...left].filter((id) => !isBack.has(id)).slice(-REMEMBERED);
  const forgotten = event.change === "removed" ? withoutVersionsOf(state.versions, event.message_id) : state.versions;
  const versions = withVersions(forgotten, [...event.versions, ...event.restored.map((each) => each.versions)]);
  return {
    ...state,
    messages: withRestored(kept, restored),
    versions,
    removedIds,
    deleting: state.deleting.filter((id) => !removed.has(id)),
    speakingId: removed.has(state.speakingId) ? "" : state.speakingId,
    announcement: announcementOf(event, versions, isOwn) || state.announcement,
  };
}

/** Messages come back at the end of the conversation, but before those that the server has not accepted yet. */
function withRestored(messages: readonly Message[], restored: readonly Message[]): readonly Message[] {
  if (restored.length === 0) return messages;
  const unsent = messages.findIndex((each) => each.kind === "user" && each.delivery === "sending");
  const end = unsent === -1 ? messages.length : unsent;
  return [...messages.slice(0, end), ...restored, ...messages.slice(end)];
}

/** Replace each known list of versions that has a message in common with one of the new lists. */
export function withVersions(known: Versions, lists: Versions): Versions {
  const several = lists.filter((list) => list.length > 1);
  if (several.length === 0) return known;
  const ids = new Set(several.flat());
  return [...known.filter((list) => !list.some((id) => ids.has(id))), ...several];
}

function withoutVersionsOf(known: Versions, messageId: string): Versions {
  return known.filter((list) => !list.includes(messageId));
}

/** `isOwn`: this page asked for the change. It has announced a deletion already, when the user could still undo it. */
function announcementOf({ change, message_id: id }: HistoryChanged, versions: Versions, isOwn: boolean): string {
  if (change === "removed") return isOwn ? "" : texts.message.deleted(1);
  const list = change === "chosen" ? versions.find((each) => each.includes(id)) : undefined;
  return list ? texts.message.version(list.indexOf(id) + 1, list.length) : "";
}

/** The marks of the messages that a change concerns, by id. */
export function changeMarks({
  pendingChanges,
  deleting,
}: Pick<PageState, "pendingChanges" | "deleting">): ReadonlyMap<string, ChangeMark> {
  const marks = new Map<string, ChangeMark>();
  for (const { ids, removes } of pendingChanges) for (const id of ids) marks.set(id, removes ? "deleting" : "changing");
  for (const id of deleting) marks.set(id, "undoable");
  return marks;
}

/** The lists of versions by the id of each version. */
export function versionsById(versions: Versions): ReadonlyMap<string, readonly string[]> {
  return new Map(versions.flatMap((list) => list.map((id) => [id, list] as const)));
}
