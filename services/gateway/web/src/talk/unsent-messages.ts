/**
 * The messages that are sent, but not accepted by the server. They are kept in the tab, so that a reload does not lose
 * them: the page then sends them again, with the same turn ids. If the browser forbids storage, they are not kept.
 */

import { OUTBOX_MAX } from "../link/outbox";
import { MESSAGE_MAX_CHARS, type TurnCommand } from "../wire/commands";

const KEY = "tertulia.unaccepted";

type MessageCommand = Extract<TurnCommand, { type: "user_message" }>;

/** The messages that were kept for this conversation. `""`: one that the server had not opened yet. */
export function loadUnsentMessages(conversationId: string): readonly MessageCommand[] {
  try {
    return readUnsentMessages(sessionStorage.getItem(KEY), conversationId);
  } catch {
    return [];
  }
}

/** Keep the messages among these commands, in place of those that were kept before. */
export function saveUnsentMessages(conversationId: string, commands: readonly TurnCommand[]): void {
  const messages = commands.filter(isMessage).map(({ data }) => data);
  try {
    if (messages.length > 0) sessionStorage.setItem(KEY, JSON.stringify({ conversationId, messages }));
    else sessionStorage.removeItem(KEY);
  } catch {
    // They are lost with a reload; everything else works.
  }
}

/** Pure: another release, or an extension of the browser, may have written the text. */
export function readUnsentMessages(text: string | null, conversationId: string): readonly MessageCommand[] {
  const kept = parsed(text);
  if (!isRecord(kept) || kept["conversationId"] !== conversationId || !Array.isArray(kept["messages"])) return [];
  const data = (kept["messages"] as readonly unknown[]).filter(isMessageData).slice(0, OUTBOX_MAX);
  return data.map((each) => ({ type: "user_message", data: each }));
}

function isMessage(command: TurnCommand): command is MessageCommand {
  return command.type === "user_message";
}

function isMessageData(data: unknown): data is MessageCommand["data"] {
  if (!isRecord(data)) return false;
  const { text, turn_id: turnId, to, replaces } = data;
  return (
    typeof text === "string" &&
    text.length <= 2 * MESSAGE_MAX_CHARS && // two UTF-16 units at most for a character
    typeof turnId === "string" &&
    (to === undefined || (Array.isArray(to) && to.every((id) => typeof id === "string"))) &&
    (replaces === undefined || typeof replaces === "string")
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
