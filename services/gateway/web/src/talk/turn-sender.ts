/**
 * Sends the commands that begin a turn: messages, and requests for a reply. A command that the server has not accepted
 * is sent again after a reconnect, and after the error `unavailable`.
 */

import { Outbox } from "../link/outbox";
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
  trouble(code: string, problem: string): void;
}

export class TurnSender {
  #outbox = new Outbox();

  constructor(private readonly on: TurnSenderCallbacks) {}

  /**
   * Send a message. Returns false if too many commands wait already.
   *
   * @param to the ids of the characters that shall answer; `[]`: no character; null: the text decides
   */
  say(text: string, to: readonly string[] | null): boolean {
    const turnId = newId();
    const data = { text, turn_id: turnId, ...(to && { to }) };
    return this.#begin({ type: "user_message", data }, { on: "sent", turnId, text, to });
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

  /** Let the characters talk among themselves. */
  requestDiscussion(): void {
    const turnId = newId();
    const replies = shownRules(this.on.state().answering).discussion || USUAL_DISCUSSION;
    this.#begin({ type: "request_reply", data: { turn_id: turnId, replies } }, { on: "requested", turnId });
  }

  onEvent(event: ServerEvent): void {
    if (event.type === "turn_accepted") this.#outbox.settle(event.turn_id);
    if (event.type !== "error" || event.turn_id === "") return;
    if (event.code === "unavailable") setTimeout(() => this.resend(), RESEND_MS);
    else this.#outbox.settle(event.turn_id);
  }

  /** Send everything again that the server has not accepted. */
  resend(): void {
    for (const command of this.#outbox.commands()) this.on.send(command);
  }

  clear(): void {
    this.#outbox.clear();
  }

  #begin(command: TurnCommand, input: PageInput): boolean {
    if (!this.#outbox.add(command)) {
      this.on.trouble("outbox", texts.problems.outbox);
      return false;
    }
    this.on.prepare();
    this.on.begins(input);
    this.on.send(command);
    return true;
  }
}
