/**
 * Messages that the server has not accepted yet; the page sends them again after a reconnect.
 *
 * The page chooses each message's turn id, and the server accepts a turn id once, so sending twice is safe.
 */

import type { Command } from "../wire/commands";

export interface Unconfirmed {
  readonly turnId: string;
  readonly text: string;
}

/** Maximum number of messages, more than a user types while disconnected. */
export const OUTBOX_MAX = 32;

export class Outbox {
  #waiting: Unconfirmed[] = [];

  /** Returns false if the outbox is full; the message is not added. */
  add(message: Unconfirmed): boolean {
    if (this.#waiting.length >= OUTBOX_MAX) return false;
    this.#waiting.push(message);
    return true;
  }

  /** Remove a message that the server has accepted or refused. */
  settle(turnId: string): void {
    this.#waiting = this.#waiting.filter((message) => message.turnId !== turnId);
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The commands to send again after a reconnect. */
  commands(): Command[] {
    return this.#waiting.map(({ turnId, text }) => ({ type: "user_message", data: { text, turn_id: turnId } }));
  }
}
