/** Keeps the screen on while the user talks or a character speaks, if the browser can do that. */

/** The part of `navigator.wakeLock` that is used; browsers on plain http and older ones lack it. */
export interface WakeLocks {
  request(type: "screen"): Promise<WakeLockSentinel>;
}

/** The part of `document` that is used. */
export type Visibility = Pick<Document, "hidden" | "addEventListener">;

export class WakeLock {
  #wanted = false;
  #requesting = false;
  #held: WakeLockSentinel | null = null;

  constructor(
    private readonly locks: WakeLocks | undefined,
    private readonly page: Visibility,
  ) {
    // The browser releases the lock when the page is hidden.
    page.addEventListener("visibilitychange", () => void this.#update());
  }

  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    void this.#update();
  }

  async #update(): Promise<void> {
    if (!this.#wanted) {
      const held = this.#held;
      this.#held = null;
      await held?.release().catch(() => undefined);
      return;
    }
    if (!this.locks || this.#held || this.#requesting || this.page.hidden) return;
    this.#requesting = true;
    // The browser may refuse, for example when the battery is low. It is asked again when the page is shown again.
    const lock = await this.locks.request("screen").catch(() => null);
    this.#requesting = false;
    if (!lock) return;
    this.#held = lock;
    lock.addEventListener("release", () => {
      if (this.#held === lock) this.#held = null;
    });
    if (!this.#wanted) await this.#update();
  }
}
