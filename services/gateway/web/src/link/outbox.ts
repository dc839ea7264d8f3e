/**
 * Commands that begin a turn, and that the server has not accepted yet. The page sends them again after a reconnect.
 */

import type { TurnCommand } from "../wire/commands";

/** Maximum number of commands: more than a user types while disconnected. */
export const OUTBOX_MAX = 32;

export class Outbox {
  #waiting: TurnCommand[] = [];

  /** Add a command. If the outbox is full, the command is not added, and the method returns false. */
  add(command: TurnCommand): boolean {
    if (this.#waiting.length >= OUTBOX_MAX) return false;
    this.#waiting.push(command);
    return true;
  }

  /** Remove a command that the server has accepted or refused. */
  settle(turnId: string): void {
    this.#waiting = this.#waiting.filter(({ data }) => data.turn_id !== turnId);
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The commands to send again after a reconnect. */
  commands(): readonly TurnCommand[] {
    return this.#waiting;
  }
}
