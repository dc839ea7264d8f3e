/** Reads details from the server's messages, which are English. Pure. */

/** The part of a message that says why: what follows the first colon, or the whole message. */
export function cause(message: string): string {
  const at = message.indexOf(": ");
  return (at === -1 ? message : message.slice(at + 2)).replace(/\.$/u, "");
}

/** A sentence about a field, from what the server says about it: it may be a sentence without its subject. */
export function sentenceAbout(fault: string): string {
  const said = fault.replace(/^Value error, /u, "").replace(/\.$/u, "");
  if (!said) return "The server does not accept this.";
  if (/^(?:must|cannot|contains|holds|is|has|stands|gives|begins|ends)\b/u.test(said)) return `This ${said}.`;
  return /^[\p{Lu}`]/u.test(said) ? `${said}.` : `The server does not accept this: ${said}.`;
}

/** The code point that a message names, in parentheses; `""` if it names none. */
export function codePoint(message: string): string {
  const found = /U\+[0-9A-F]{4,6}/u.exec(message)?.[0];
  return found ? ` (${found})` : "";
}

/** True if the server refused the text of a message because of control characters. */
export function isAboutControls(message: string): boolean {
  return message.startsWith("user_message: `text` holds control characters");
}

/** True if the server lost a message that it had accepted. */
export function isLost(message: string): boolean {
  return message.startsWith("This message was lost");
}

/** @param bytes a number of bytes from a problem's parameters */
export function kilobytes(bytes: string | number | undefined): number {
  return Math.ceil(Number(bytes ?? 0) / 1024);
}
