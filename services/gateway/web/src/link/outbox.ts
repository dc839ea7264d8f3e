/**
 * Messages that are not yet known to be safe: sent again after a reconnect, until the server has accepted them.
 *
 * Each has a turn id of the page's making, so saying it twice does no harm.
 */

import type { Command } from "../wire/commands";

export interface Unconfirmed {
  readonly turnId: string;
  readonly text: string;
}

/** More than this the user has certainly not typed while the line was down. */
export const OUTBOX_MAX = 32;

export class Outbox {
  #waiting: Unconfirmed[] = [];

  /** False: it is full, and the message was not taken. */
  add(message: Unconfirmed): boolean {
    if (this.#waiting.length >= OUTBOX_MAX) return false;
    this.#waiting.push(message);
    return true;
  }

  /** The server has it, or has refused it for good. */
  settle(turnId: string): void {
    this.#waiting = this.#waiting.filter((message) => message.turnId !== turnId);
  }

  clear(): void {
    this.#waiting = [];
  }

  get oldest(): Unconfirmed | undefined {
    return this.#waiting[0];
  }

  /** What to say again now that the line is back. */
  commands(): Command[] {
    return this.#waiting.map(({ turnId, text }) => ({ type: "user_message", data: { text, turn_id: turnId } }));
  }
}
