import type { Position } from "./state-machine";

/** The WebSocket's URL, in the same folder as the page's URL. `token` is `""` if the server requires none. */
export function socketUrl(at: Position, token: string): string {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = positionQuery(at, token);
  return url.href;
}

/** The URL's query: asks for a new conversation, or names the position to resume from. */
export function positionQuery({ conversationId, lastEventId, lastAudio }: Position, token: string): string {
  const query = new URLSearchParams();
  if (conversationId) {
    query.set("conversation_id", conversationId);
    if (lastEventId) query.set("last_event_id", lastEventId);
    if (lastAudio) query.set("last_audio", `${lastAudio.message_id}/${lastAudio.id}`);
  }
  if (token) query.set("token", token);
  return query.toString();
}
