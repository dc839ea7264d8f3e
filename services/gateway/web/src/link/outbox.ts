/**
 * Messages that the server has not accepted yet. The page sends them again after a reconnect.
 *
 * The page chooses each message's turn id, and the server accepts each turn id only once, so sending a message twice is
 * harmless.
 */

import type { Command } from "../wire/commands";

export interface Unconfirmed {
  readonly turnId: string;
  readonly text: string;
}

/** Maximum number of messages: more than a user types while disconnected. */
export const OUTBOX_MAX = 32;

export class Outbox {
  #waiting: Unconfirmed[] = [];

  /** Add a message. If the outbox is full, the message is not added, and the method returns false. */
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
