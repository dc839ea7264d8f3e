import type { JSX } from "preact";

/** Three moving dots after a text, which show that something is in progress. */
export function Dots(): JSX.Element {
  return (
    <span class="dots" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}
