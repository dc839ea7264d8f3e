/** How much of a long talk is in the page: the newest messages, and more as one scrolls back. Pure. */

export const WINDOW = 60;

/** The first message to draw when the newest are in view. */
export function latest(count: number): number {
  return Math.max(0, count - WINDOW);
}

/** The first message to draw after scrolling up to `first`. */
export function earlier(first: number): number {
  return Math.max(0, first - WINDOW);
}

/**
 * The first message to draw now that there are `count`.
 *
 * @param following the newest are in view: what is far above is let go
 */
export function keep(first: number, count: number, following: boolean): number {
  return following ? latest(count) : Math.min(first, latest(count));
}
