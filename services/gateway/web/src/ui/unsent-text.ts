/**
 * The text in the input of messages that is not sent yet. It is kept in the tab, so that a reload does not lose it. If
 * the browser forbids storage, it is not kept.
 */

const KEY = "tertulia.unsent";

export function loadUnsent(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function saveUnsent(text: string): void {
  try {
    if (text) sessionStorage.setItem(KEY, text);
    else sessionStorage.removeItem(KEY);
  } catch {
    // It is lost with a reload; everything else works.
  }
}
