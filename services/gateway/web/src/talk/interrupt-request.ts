/**
 * Sends the user's `interrupt`, and sends it again after a reconnect or after paused writes, until the server has
 * confirmed it.
 */

import type { ServerEvent } from "../wire/events";

export class InterruptRequest {
  /** True if the user interrupted while disconnected. */
  #unsent = false;
  /** True if `interrupt` was sent, but is not confirmed yet. */
  #sent = false;

  /** @param send sends `interrupt`; returns false while disconnected */
  constructor(private readonly send: () => boolean) {}

  request(): void {
    this.#sent = this.send();
    this.#unsent = !this.#sent;
  }

  onEvent(event: ServerEvent): void {
    if (event.type === "interrupted") this.clear();
    else if (event.type === "turn_accepted") this.#sent = false;
    // Send it again, because the server refused it while writes were paused.
    else if (event.type === "warning" && event.code === "writes_resumed" && this.#sent) this.send();
  }

  /** Called when the connection is open again. */
  onLive(): void {
    if (this.#unsent) this.send();
    this.#unsent = false;
  }

  clear(): void {
    this.#unsent = false;
    this.#sent = false;
  }
}
