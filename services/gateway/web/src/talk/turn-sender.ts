/**
 * Sends the commands that begin a turn: messages, and requests for a reply. A command that the server has not accepted
 * is sent again after a reconnect, and after the error `unavailable`; a message is also sent again after a reload, and
 * when its conversation is opened again.
 */

import { OUTBOX_MAX, Outbox } from "../link/outbox";
import { texts } from "../texts";
import type { TurnCommand } from "../wire/commands";
import type { ServerEvent } from "../wire/events";
import { USUAL_DISCUSSION, shownRules } from "./answering";
import { newId } from "./new-id";
import type { PageInput } from "./page-reducer";
import type { PageState } from "./page-state";

/** Delay before a command is sent again, with the same turn id, after the error `unavailable`. */
const RESEND_MS = 1_500;

export interface TurnSenderCallbacks {
  state(): PageState;
  /** Called before a turn begins, for commands that it depends on. */
  prepare(): void;
  send(command: TurnCommand): void;
  /** Called before a command is sent. `input` shows it on the page. */
  begins(input: PageInput): void;
  /** Shows a message again that was sent before the page was reloaded, or its conversation was left. */
  restored(input: PageInput): void;
  /** Called when the commands change that the server has not accepted, so that their messages can be kept. */
  unaccepted(commands: readonly TurnCommand[]): void;
  trouble(code: string, problem: string): void;
}

export class TurnSender {
  #outbox = new Outbox();
  /** True while commands are only kept, because the page does not know yet what they depend on. */
  #isHeld = false;

  /** The messages that were kept of the conversation that is being opened. `restore` adds them to the outbox. */
  #restorable: readonly TurnCommand[];

  /** `restorable`: the messages that the server had not accepted before the page was reloaded. */
  constructor(
    private readonly on: TurnSenderCallbacks,
    restorable: readonly TurnCommand[] = [],
  ) {
    this.#restorable = restorable;
  }

  /**
   * Send a message. Returns false if too many commands wait already.
   *
   * @param to the ids of the characters that shall answer; `[]`: no character; null: the text decides
   * @param replaces the id of the message of which this is a new version; `""`: none
   */
  say(text: string, to: readonly string[] | null, replaces = ""): boolean {
    const turnId = newId();
    const data = { text, turn_id: turnId, ...(to && { to }), ...(replaces && { replaces }) };
    const command = { type: "user_message", data } as const;
    return this.#begin(command, shownAs(command));
  }

  /**
   * Ask this character to answer, without a message. `""`: the last speaker goes on.
   *
   * @param greeting the number of a greeting of the character's card, from 1, that it says instead; 0: none
   */
  requestReply(characterId: string, greeting = 0): void {
    const turnId = newId();
    const data = {
      turn_id: turnId,
      ...(characterId && { character_id: characterId }),
      ...(greeting && { greeting }),
    };
    this.#begin({ type: "request_reply", data }, { on: "requested", turnId });
  }

  /** Ask for another version of a reply. `characterId`: who makes it; `""`: the same character. */
  makeAgain(replyId: string, characterId: string): void {
    const turnId = newId();
    const data = { turn_id: turnId, replaces: replyId, ...(characterId && { character_id: characterId }) };
    const change = { messageId: replyId, extent: "from" } as const;
    this.#begin({ type: "request_reply", data }, { on: "requested", turnId, change });
  }

  /** Let the speaker of a reply go on, in place of what followed the reply. */
  continueReply(replyId: string): void {
    const turnId = newId();
    const change = { messageId: replyId, extent: "after" } as const;
    this.#begin(
      { type: "request_reply", data: { turn_id: turnId, after: replyId } },
      { on: "requested", turnId, change },
    );
  }

  /** Bring a version of a message back, in place of the version that is shown. */
  chooseVersion(shownId: string, messageId: string): void {
    const turnId = newId();
    const data = { turn_id: turnId, message_id: messageId };
    const change = { messageId: shownId, extent: "from" } as const;
    this.#begin({ type: "choose_version", data }, { on: "changing", turnId, change });
  }

  /** Delete a message with all its versions. */
  deleteMessage(messageId: string): void {
    const turnId = newId();
    const data = { turn_id: turnId, message_id: messageId };
    const change = { messageId, extent: "only" } as const;
    this.#begin({ type: "delete_message", data }, { on: "changing", turnId, change });
  }

  /** Let the characters talk among themselves. */
  requestDiscussion(): void {
    const turnId = newId();
    const replies = shownRules(this.on.state().answering).discussion || USUAL_DISCUSSION;
    this.#begin({ type: "request_reply", data: { turn_id: turnId, replies } }, { on: "requested", turnId });
  }

  onEvent(event: ServerEvent): void {
    if (event.type === "turn_accepted") this.#settle(event.turn_id);
    if (event.type !== "error" || event.turn_id === "") return;
    if (event.code === "unavailable") setTimeout(() => this.resend(), RESEND_MS);
    else this.#settle(event.turn_id);
  }

  /**
   * Show and send the messages again that were kept of this conversation, unless the server has accepted them.
   * To be called when the stored messages are shown. Until then, later commands wait, so that the order stays.
   */
  restore(): void {
    const kept = this.#restorable;
    if (kept.length === 0) return;
    this.#restorable = [];
    const shown = new Set(this.on.state().messages.map(({ id }) => id));
    const later = this.#outbox.commands();
    this.#outbox.clear();
    const missing = kept.filter(({ data }) => !shown.has(data.turn_id));
    for (const command of [...missing, ...later]) this.#outbox.add(command);
    this.keep();
    this.on.prepare();
    for (const command of missing) if (command.type === "user_message") this.on.restored(shownAs(command));
    this.resend();
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Keep all commands until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Send everything that the server has not accepted, also what was kept. */
  release(): void {
    if (this.#isHeld && this.#outbox.commands().length > 0) this.on.prepare();
    this.#isHeld = false;
    this.resend();
  }

  /** Send everything again that the server has not accepted. */
  resend(): void {
    if (this.#isHeld || this.#restorable.length > 0) return;
    for (const command of this.#outbox.commands()) this.on.send(command);
  }

  /** The page opens another conversation. `restorable`: the messages that were kept of it. */
  leave(restorable: readonly TurnCommand[] = []): void {
    this.#outbox.clear();
    this.#restorable = restorable;
  }

  /** Report the commands that the server has not accepted. To be called when a conversation was opened. */
  keep(): void {
    this.on.unaccepted([...this.#restorable, ...this.#outbox.commands()]);
  }

  #settle(turnId: string): void {
    this.#outbox.settle(turnId);
    this.#restorable = this.#restorable.filter(({ data }) => data.turn_id !== turnId);
    this.keep();
  }

  #begin(command: TurnCommand, input: PageInput): boolean {
    const isFull = this.#restorable.length + this.#outbox.commands().length >= OUTBOX_MAX;
    if (isFull || !this.#outbox.add(command)) {
      this.on.trouble("outbox", texts.problems.outbox);
      return false;
    }
    this.keep();
    this.on.prepare();
    this.on.begins(input);
    if (!this.#isHeld && this.#restorable.length === 0) this.on.send(command);
    return true;
  }
}

/** The input that shows a message before the server has accepted it. */
function shownAs({ data }: Extract<TurnCommand, { type: "user_message" }>): PageInput {
  const { turn_id: turnId, text, to = null, replaces = "" } = data;
  const change = replaces ? ({ messageId: replaces, extent: "from" } as const) : null;
  return { on: "sent", turnId, text, to, change };
}
