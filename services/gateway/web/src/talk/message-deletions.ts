/**
 * Deletes messages some seconds after the user has asked for it, so that the user can undo it. A deletion interrupts
 * the characters, like each change of the history. So it waits until they have finished, unless the user says something
 * before: that must be answered without the deleted message.
 */

export const UNDO_MS = 8_000;

export interface MessageDeletionsCallbacks {
  /** The deletions of these messages can be undone. */
  waiting(ids: readonly string[]): void;
  send(id: string): void;
  /** True while a character or the user speaks. */
  isBusy(): boolean;
}

export class MessageDeletions {
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** The deletions whose time to undo is over, and that wait for the end of the replies. */
  #due = new Set<string>();

  constructor(private readonly on: MessageDeletionsCallbacks) {}

  begin(id: string): void {
    if (this.#timers.has(id)) return;
    this.#timers.set(
      id,
      setTimeout(() => this.#isDue(id), UNDO_MS),
    );
    this.#tell();
  }

  undo(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#due.delete(id);
    this.#tell();
  }

  /** The characters have finished: send the deletions that waited for it. */
  quiet(): void {
    for (const id of this.#due) this.#send(id);
  }

  /** The user begins a turn or leaves: send all deletions. */
  sendAll(): void {
    for (const id of this.#timers.keys()) this.#send(id);
  }

  #isDue(id: string): void {
    if (this.on.isBusy()) this.#due.add(id);
    else this.#send(id);
  }

  #send(id: string): void {
    this.undo(id);
    this.on.send(id);
  }

  #tell(): void {
    this.on.waiting([...this.#timers.keys()]);
  }
}
