/** Where the WebSocket is: beside the page. `conversationId` is `""` for a new conversation, `token` where none is asked for. */
export function socketUrl(conversationId: string, token: string): string {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  url.hash = "";
  if (conversationId) url.searchParams.set("conversation_id", conversationId);
  if (token) url.searchParams.set("token", token);
  return url.href;
}
