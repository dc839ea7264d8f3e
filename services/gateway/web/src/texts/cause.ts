/** The part of a server's message that says why: what follows the first colon, or the whole message. Pure. */
export function cause(message: string): string {
  const at = message.indexOf(": ");
  return (at === -1 ? message : message.slice(at + 2)).replace(/\.$/u, "");
}
