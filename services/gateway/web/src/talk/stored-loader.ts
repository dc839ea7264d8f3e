/** Loads the stored messages of a conversation, once for each conversation that is opened. */

import { type Usage, usageOf } from "../inside/usage";
import type { Api } from "../rest/api";
import { RequestFailed } from "../rest/problem";
import { type StoredMessage, fetchConversation } from "../rest/stored-conversation";
import { texts } from "../texts";
import type { Message, PageState } from "./page-state";
import { storedMessages } from "./stored-messages";

/** How often the messages are loaded again until the store has a change, and the time between. */
const RELOADS_MAX = 5;
const RELOAD_MS = 1_000;

export interface Stored {
  readonly conversationId: string;
  readonly messages: readonly Message[];
  readonly versions: PageState["versions"];
  readonly usage: Usage | null;
}

export interface StoredLoaderCallbacks {
  /** The id of the open conversation. */
  open(): string;
  /** The messages of the open conversation are being loaded, or no longer. */
  loading(isLoading: boolean): void;
  loaded(stored: Stored): void;
  /** The messages were loaded again. */
  reloaded(stored: Stored): void;
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
    this.on.loading(true);
    try {
      this.on.loaded(await this.#fetch(conversationId));
      this.#isShown(conversationId);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      if (error.status === 404) this.#isShown(conversationId);
      else this.on.trouble(texts.problems.notLoaded(error.message));
    } finally {
      if (this.on.open() === conversationId) this.on.loading(false);
    }
  }

  /**
   * Load the messages again, after a change that brought back this message and more than its event contains. The store
   * gets the change later than the page, so load until it has this message.
   */
  async reload(conversationId: string, messageId: string, left = RELOADS_MAX): Promise<void> {
    if (this.on.open() !== conversationId) return;
    try {
      const stored = await this.#fetch(conversationId);
      if (left > 1 && !stored.messages.some(({ id }) => id === messageId)) {
        setTimeout(() => void this.reload(conversationId, messageId, left - 1), RELOAD_MS);
      } else this.on.reloaded(stored);
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      this.on.trouble(texts.problems.notLoaded(error.message));
    }
  }

  async #fetch(conversationId: string): Promise<Stored> {
    const { messages, usage } = await fetchConversation(this.api, conversationId);
    return {
      conversationId,
      messages: storedMessages(messages),
      versions: versionsOf(messages),
      usage: usageOf(usage),
    };
  }

  #isShown(conversationId: string): void {
    // Ignore the response if the user has opened another conversation meanwhile.
    if (this.on.open() === conversationId) this.#shown = conversationId;
  }
}

function versionsOf(messages: readonly StoredMessage[]): PageState["versions"] {
  return messages.map((message) => message.versions ?? []).filter((list) => list.length > 1);
}
