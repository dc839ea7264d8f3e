/**
 * The messages that are sent, but not accepted by the server. They are kept in the tab, so that neither a reload nor the
 * choice of another conversation loses them: when their conversation is open again, the page sends them again, with the
 * same turn ids. If the browser forbids storage, they are not kept.
 */

import { OUTBOX_MAX } from "../link/outbox";
import { MESSAGE_MAX_CHARS, type TurnCommand } from "../wire/commands";

const KEY = "tertulia.unaccepted";

/** For how many conversations messages are kept; beyond it, the ones that were kept first are dropped. */
const CONVERSATIONS_MAX = 8;

type MessageCommand = Extract<TurnCommand, { type: "user_message" }>;

export class UnsentMessages {
  #conversationId: string;

  /**
   * @param conversationId the conversation that the page opens; `""`: a new one
   * @param storage where they are kept; throws if the browser forbids it
   */
  constructor(
    conversationId: string,
    private readonly storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem"> = () => sessionStorage,
  ) {
    this.#conversationId = conversationId;
  }

  /** The messages that are kept for the conversation that the page opens, or has open. */
  load(): readonly MessageCommand[] {
    return messagesOf(this.#all(), this.#conversationId);
  }

  /** Keep the messages among these commands, in place of those that were kept of this conversation. */
  keep(commands: readonly TurnCommand[]): void {
    const messages = commands.filter(isMessage).map(({ data }) => data);
    const others = Object.entries(this.#all()).filter(([id]) => id !== this.#conversationId);
    const entries = messages.length > 0 ? [...others, [this.#conversationId, messages]] : others;
    try {
      if (entries.length === 0) this.storage().removeItem(KEY);
      else this.storage().setItem(KEY, JSON.stringify(Object.fromEntries(entries.slice(-CONVERSATIONS_MAX))));
    } catch {
      // They are lost with a reload; everything else works.
    }
  }

  /** The page opens another conversation; `""`: a new one, which has no messages yet. */
  leave(conversationId: string): void {
    this.#conversationId = conversationId;
    if (conversationId === "") this.keep([]);
  }

  /**
   * The server opened the conversation with this id. If the id is another one, forget what was kept under the old id; the
   * caller then keeps the messages under the new one.
   */
  opened(conversationId: string): void {
    if (conversationId === this.#conversationId) return;
    this.keep([]);
    this.#conversationId = conversationId;
  }

  #all(): Record<string, unknown> {
    try {
      return readUnsent(this.storage().getItem(KEY));
    } catch {
      return {};
    }
  }
}

/** Pure: another release, or an extension of the browser, may have written the text. */
function readUnsent(text: string | null): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(text ?? "{}");
    return isRecord(kept) ? kept : {};
  } catch {
    return {};
  }
}

function messagesOf(kept: Record<string, unknown>, conversationId: string): readonly MessageCommand[] {
  const messages = Object.hasOwn(kept, conversationId) ? kept[conversationId] : [];
  if (!Array.isArray(messages)) return [];
  const data = (messages as readonly unknown[]).filter(isMessageData).slice(0, OUTBOX_MAX);
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
