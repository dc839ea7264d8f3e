/**
 * What the user changes about the messages of the conversation: a message is edited, made again, continued or deleted,
 * another version is chosen, or a new conversation begins at it. Each change of the history is a turn.
 */

import type { Api } from "../rest/api";
import { branchConversation } from "../rest/stored-conversation";
import { MessageDeletions } from "./message-deletions";
import { newId } from "./new-id";
import type { Reply, UserMessage } from "./page-state";
import type { PublishedState } from "./published-state";
import { canStop } from "./status-line";
import type { TurnSender } from "./turn-sender";

export interface MessageChangesCallbacks {
  /** Open this conversation, which is a copy of the beginning of the open one. */
  openBranch(conversationId: string): void;
}

export class MessageChanges {
  #deletions: MessageDeletions;

  constructor(
    private readonly page: PublishedState,
    private readonly turns: TurnSender,
    private readonly api: Pick<Api, "ask">,
    private readonly on: MessageChangesCallbacks,
  ) {
    this.#deletions = new MessageDeletions({
      waiting: (ids) => this.page.applyNow({ on: "deleting", ids }),
      send: (id) => this.turns.deleteMessage(id),
      isBusy: () => this.#isBusy(),
    });
  }

  /** Replace the user's message. Returns false if too many commands wait already. */
  edit({ id, to }: UserMessage, text: string): boolean {
    return this.turns.say(text, to, id);
  }

  /** Make the reply again, by the same character or by this one. */
  makeAgain({ id }: Reply, characterId = ""): void {
    this.turns.makeAgain(id, characterId);
  }

  /** Let the speaker of this reply go on, in place of what followed the reply. */
  continueReply({ id }: Reply): void {
    this.turns.continueReply(id);
  }

  /** Choose a version of a message. `shownId`: the version that is shown. */
  choose(shownId: string, messageId: string): void {
    this.turns.chooseVersion(shownId, messageId);
  }

  /** Delete the message with all its versions. The user can undo it for a moment. */
  delete(messageId: string): void {
    this.#deletions.begin(messageId);
  }

  undoDeletion(messageId: string): void {
    this.#deletions.undo(messageId);
  }

  /** The user begins a turn or leaves the conversation: deletions can no longer be undone. */
  sendDeletions(): void {
    this.#deletions.sendAll();
  }

  /** The user begins to speak. During a reply, this need not be a message. */
  onSpeech(): void {
    if (!canStop(this.page.current)) this.#deletions.sendAll();
  }

  /** The state has changed: the characters may have finished. */
  onState(): void {
    if (!this.#isBusy()) this.#deletions.quiet();
  }

  /**
   * Copy the conversation up to this message into a new one, and open that.
   *
   * @throws RequestFailed
   */
  async branch(messageId: string): Promise<void> {
    const { conversationId } = this.page.current;
    const id = await branchConversation(this.api, conversationId, messageId, newId());
    if (this.page.current.conversationId === conversationId) this.on.openBranch(id);
  }

  #isBusy(): boolean {
    return canStop(this.page.current) || this.page.current.listening.hearing;
  }
}
