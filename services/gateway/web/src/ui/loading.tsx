/** Says that a list is loading, once that takes noticeably long. */

import type { JSX } from "preact";

import { texts } from "../texts";
interface Request {
  /** null until it has come */
  readonly value: unknown;
  /** null or `""` if there is none */
  readonly problem: unknown;
}

/** Shown until the value or a problem has come. */
export function Loading({ of: { value, problem } }: { of: Request }): JSX.Element | null {
  if (value !== null || problem) return null;
  return (
    <p class="detail loading" role="status">
      {texts.requests.loading}
    </p>
  );
}
