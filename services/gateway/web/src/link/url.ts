import type { Position } from "./state-machine";

/** Where the WebSocket is: beside the page. `token` is `""` where none is asked for. */
export function socketUrl(at: Position, token: string): string {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  url.search = positionQuery(at, token);
  return url.href;
}

/** What to open: a new conversation, or one from where this page stands in it. */
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
