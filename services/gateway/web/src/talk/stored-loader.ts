/** Loads the stored messages of a conversation, once for each conversation that is opened. */

import { type Usage, usageOf } from "../inside/usage";
import type { Api } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import { fetchConversation } from "../rest/stored-conversation";
import { texts } from "../texts";
import type { Message } from "./page-state";
import { storedMessages } from "./stored-messages";

export interface StoredLoaderCallbacks {
  /** The id of the open conversation. */
  open(): string;
  loaded(conversationId: string, messages: readonly Message[], usage: Usage | null): void;
  trouble(problem: string): void;
}

export class StoredLoader {
  /** The conversation whose stored messages are shown, or a new conversation, which has none. */
  #shown = "";

  constructor(
    private readonly api: Pick<Api, "ask">,
    private readonly on: StoredLoaderCallbacks,
  ) {}

  /** Record that this conversation is new, so that there are no stored messages to load. */
  isNew(conversationId: string): void {
    this.#shown = conversationId;
  }

  forget(): void {
    this.#shown = "";
  }

  async load(conversationId: string): Promise<void> {
    if (this.#shown === conversationId) return;
    try {
      const { messages, usage } = await fetchConversation(this.api, conversationId);
      this.on.loaded(conversationId, storedMessages(messages), usageOf(usage));
      this.#isShown(conversationId);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      if (error.status === 404) this.#isShown(conversationId);
      else this.on.trouble(texts.problems.notLoaded(error.message));
    }
  }

  #isShown(conversationId: string): void {
    // Ignore the response if the user has opened another conversation meanwhile.
    if (this.on.open() === conversationId) this.#shown = conversationId;
  }
}
