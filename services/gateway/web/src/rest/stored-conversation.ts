/** The REST API of the messages of one conversation. */

import type { Api, ConversationRow } from "./api";

export interface StoredMessage {
  readonly id: string;
  readonly turn_id: string;
  readonly role: "user" | "character";
  readonly character_id: string | null;
  readonly character_name: string;
  /** Of an interrupted reply: the text that was heard. */
  readonly text: string;
  /** Of an interrupted reply: the text after it. Older gateways do not send it. */
  readonly unheard?: string;
  readonly status: "streaming" | "complete" | "interrupted" | "failed";
  /** The ids of the message's versions, oldest first. Missing or empty if there is only one. */
  readonly versions?: readonly string[];
}

export interface StoredConversation {
  readonly messages: readonly StoredMessage[];
  /** The sum of the tokens and the cost of all replies. `usageOf` reads this value. */
  readonly usage: unknown;
}

const MESSAGES_MAX = 20_000;

type Asking = Pick<Api, "ask">;

/** Fetch a conversation's usage and its messages, oldest first, at most `MESSAGES_MAX`. */
export async function fetchConversation(api: Asking, conversationId: string): Promise<StoredConversation> {
  const all: StoredMessage[] = [];
  let usage: unknown = null;
  let after: number | null = null;
  do {
    const query = new URLSearchParams({ limit: "1000" });
    if (after !== null) query.set("after", String(after));
    // The position of the next page is only known from the page before it.
    // oxlint-disable-next-line no-await-in-loop
    const page = (await api.ask("GET", `${pathOf(conversationId)}?${query}`)) as {
      messages: StoredMessage[];
      next: number | null;
      usage?: unknown;
    };
    usage ??= page.usage;
    all.push(...page.messages);
    after = page.next;
  } while (after !== null && all.length < MESSAGES_MAX);
  return { messages: all, usage };
}

/**
 * Make a new conversation of the messages up to this one. Resolves to its id.
 *
 * @param requestId the same for a repetition, so that it makes no second copy
 */
export async function branchConversation(
  api: Asking,
  conversationId: string,
  messageId: string,
  requestId: string,
): Promise<string> {
  const body = { message_id: messageId, request_id: requestId };
  return ((await api.ask("POST", `${pathOf(conversationId)}/branch`, body)) as ConversationRow).id;
}

function pathOf(conversationId: string): string {
  return `api/conversations/${encodeURIComponent(conversationId)}`;
}
