/**
 * Which conversation is open: the one in the page's address, a new one, one that the user has chosen, or this one again
 * after another page had it.
 */

import type { Link } from "../link/socket";
import { texts } from "../texts";
import type { ServerEvent } from "../wire/events";
import { Address, conversationInAddress } from "./address";


export interface ConversationChoiceCallbacks {
  /** The id of the open conversation. */
  open(): string;
  /** Called before the page leaves the open conversation for this one; `""`: a new one, null: the same one again. */
  leave(to: string | null): void;
  tell(code: string, text: string): void;
}

export class ConversationChoice {
  #address = new Address();
  /** True if the server does not know the conversation that was to be opened; it then opens a new one. */
  #isUnknown = false;
  /** True while the server is asked for a new conversation over the connection of the one that is left. */
  #isAsked = false;
  /** The copy that is to be opened; `""` if there is none. */
  #branch = "";

  constructor(
    private readonly link: Pick<Link, "state" | "send" | "connect">,
    private readonly on: ConversationChoiceCallbacks,
  ) {}

  /** Open the conversation that the address names, or a new one. */
  start(): void {
    this.#address.onChange((id) => this.#onAddress(id));
    this.link.connect(conversationInAddress(location.hash));
  }

  /** True while the user leaves the conversation for another one. */
  get isLeaving(): boolean {
    return this.#address.isLeaving;
  }

  openNew(): void {
    this.#address.leaving();
    this.#leave("");
    this.#isAsked = this.link.send({ type: "new_conversation" });
    if (!this.#isAsked) this.link.connect("");
  }

  openOther(id: string): void {
    if (id === this.on.open()) return;
    this.#address.leaving();
    this.#leave(id);
    this.link.connect(id);
  }

  /** Open a copy of the beginning of the open conversation, and say so. */
  openBranch(id: string): void {
    this.#branch = id;
    this.openOther(id);
  }

  /** Take the conversation back from another page: this page continues where the other one stopped. */
  takeBack(): void {
    const { conversationId } = this.link.state;
    this.#leave(null);
    this.link.connect(conversationId);
  }

  /**
   * The server refuses a new conversation while it cannot write, and stays in the old one. Over a connection of its own,
   * it opens the new one as soon as it can.
   */
  onEvent(event: ServerEvent): void {
    if (!this.#isAsked || event.type !== "error" || event.code !== "unavailable" || event.turn_id) return;
    this.#isAsked = false;
    this.link.connect("");
  }

  /** Returns true if the event is about the choice alone. */
  isUnknown(event: ServerEvent): boolean {
    const isUnknown = event.type === "error" && event.code === "unknown_conversation";
    if (isUnknown) this.#isUnknown = true;
    return isUnknown;
  }

  started(id: string): void {
    this.#isAsked = false;
    this.#address.show(id);
    if (this.#isUnknown) this.on.tell("unknown_conversation", texts.problems.unknownConversation);
    this.#isUnknown = false;
    if (this.#branch === id) this.on.tell("branched", texts.message.branched);
    this.#branch = "";
  }

  #leave(to: string | null): void {
    this.#isAsked = false;
    this.on.leave(to);
  }

  /** The user has gone back or forward, or has entered an address. */
  #onAddress(id: string): void {
    const open = this.on.open();
    if (id === open) return;
    if (!id) {
      this.#address.show(open);
      return;
    }
    this.#leave(id);
    this.link.connect(id);
  }
}
