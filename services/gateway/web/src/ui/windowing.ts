/** Selects which messages of a long conversation are rendered: the newest, and more as the user scrolls back. Pure. */

export const WINDOW = 60;

/** Index of the first message to render while the newest messages are visible. */
export function latest(count: number): number {
  return Math.max(0, count - WINDOW);
}

/** Index of the first message to render after scrolling up to `first`. */
export function earlier(first: number): number {
  return Math.max(0, first - WINDOW);
}

/**
 * Index of the first message to render when the conversation has `count` messages.
 *
 * @param following the newest messages are visible, so older messages need not be rendered
 */
export function keep(first: number, count: number, following: boolean): number {
  return following ? latest(count) : Math.min(first, latest(count));
}
