/** Distinguishes keys that belong to an input method (IME) from keys that are meant for the page. Pure. */

/** The key code of a key that an input method has processed. */
const PROCESSED = 229;

/**
 * True if the key belongs to an input method, for which Enter chooses a candidate and Esc discards it. Safari sends
 * this Enter after `compositionend`, when `isComposing` is already false; then only the key code shows that the key
 * belongs to the input method.
 */
export function isComposing(event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return event.isComposing || event.keyCode === PROCESSED;
}

/** True if this key sends the message: Enter without Shift, not while an input method composes. */
export function sendsMessage(event: Pick<KeyboardEvent, "key" | "shiftKey" | "isComposing" | "keyCode">): boolean {
  return event.key === "Enter" && !event.shiftKey && !isComposing(event);
}
