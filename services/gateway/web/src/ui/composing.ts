/** Tells keys that belong to an input method (IME) from keys that are meant for the page. Pure. */

/** The key code of a key that an input method has processed. */
const PROCESSED = 229;

/**
 * True if the key belongs to an input method: Enter then chooses a candidate, and Esc discards it. Safari sends that
 * Enter after `compositionend`, so `isComposing` is false, and the key code is the only sign.
 */
export function isComposing(event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return event.isComposing || event.keyCode === PROCESSED;
}

/** True if this key sends the message: Enter without Shift, not while an input method composes. */
export function sendsMessage(event: Pick<KeyboardEvent, "key" | "shiftKey" | "isComposing" | "keyCode">): boolean {
  return event.key === "Enter" && !event.shiftKey && !isComposing(event);
}
