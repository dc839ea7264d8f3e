/** Converts stored messages (from the REST API) to messages of the page. */

import type { StoredMessage } from "../rest/stored-conversation";
import type { Message } from "./page-state";

/** The fields of a user's message that the store does not keep. */
const NOT_KNOWN = { to: null, unanswered: "" };

export function storedMessages(stored: readonly StoredMessage[]): Message[] {
  return stored.map((message): Message => {
    if (message.role === "user") {
      return { kind: "user", id: message.id, text: message.text, source: "typed", delivery: "safe", ...NOT_KNOWN };
    }
    const unheard = message.unheard ?? "";
    return {
      kind: "reply",
      id: message.id,
      turnId: message.turn_id,
      characterId: message.character_id ?? "",
      name: message.character_name,
      text: message.text + unheard,
      sentenceEnds: [],
      status: message.status,
      sound: unheard ? "cut" : "stored",
      heardChars: message.text.length,
      sentence: unheard && message.text ? 0 : -1,
      reason: "",
      problem: "",
    };
  });
}
