/**
 * The page's address names the open conversation (`#/ID`), so that a link opens it, and the browser's Back button
 * returns to the one before.
 */

const CONVERSATION = /^#\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/u;

/** The id of the conversation that the address names; `""` if it names none. */
export function conversationInAddress(hash: string): string {
  return CONVERSATION.exec(hash)?.[1] ?? "";
}

export class Address {
  #addsEntry = false;

  /** The user leaves the conversation for another one: Back will return to it. */
  leaving(): void {
    this.#addsEntry = true;
  }

  get isLeaving(): boolean {
    return this.#addsEntry;
  }

  show(conversationId: string): void {
    const addsEntry = this.#addsEntry;
    this.#addsEntry = false;
    const hash = `#/${conversationId}`;
    if (location.hash === hash) return;
    // An entry that was added for a panel becomes the one of the conversation that was chosen in it.
    if (addsEntry && history.state === null) history.pushState(null, "", hash);
    else history.replaceState(addsEntry ? null : history.state, "", hash);
  }

  /** Call back when the user goes back or forward, or enters another address. */
  onChange(changed: (conversationId: string) => void): void {
    addEventListener("hashchange", () => changed(conversationInAddress(location.hash)));
  }
}
