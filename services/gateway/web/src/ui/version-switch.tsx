/** Shows which version of a message is at the table, and switches to the one before or after it. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { Icon } from "./icons";

interface Props {
  readonly talk: Talk;
  /** The id of the version that is shown. */
  readonly id: string;
  /** The ids of all versions, oldest first. */
  readonly versions: readonly string[];
  /** True while a change of the history is on its way. */
  readonly busy: boolean;
}

export function VersionSwitch({ talk, id, versions, busy }: Props): JSX.Element | null {
  if (versions.length < 2) return null;
  const number = versions.indexOf(id) + 1;
  return (
    <div class="versions" role="group" aria-label={texts.message.versions}>
      <Step {...{ talk, id, versions, busy }} by={-1} />
      <span>
        <span aria-hidden="true">
          {number}/{versions.length}
        </span>
        <span class="unseen">{texts.message.version(number, versions.length)}</span>
      </span>
      <Step {...{ talk, id, versions, busy }} by={1} />
    </div>
  );
}

/** Not `disabled` at the ends: the button would lose the focus, and with it the keyboard user the place. */
function Step({ by, ...props }: Props & { by: -1 | 1 }): JSX.Element {
  const other = neighbour(props, by);
  return (
    <button
      type="button"
      class="quiet"
      aria-label={by < 0 ? texts.message.previousVersion : texts.message.nextVersion}
      aria-disabled={other === "" ? "true" : undefined}
      onClick={() => switchVersion(props, by)}
    >
      <Icon name={by < 0 ? "previous" : "next"} />
    </button>
  );
}

/** The id of the version before or after the one that is shown; `""` if there is none, or if it cannot be chosen now. */
function neighbour({ talk, id, versions, busy }: Props, by: -1 | 1): string {
  if (busy || talk.state.value.link !== "live") return "";
  return versions[versions.indexOf(id) + by] ?? "";
}

function switchVersion(props: Props, by: -1 | 1): void {
  const other = neighbour(props, by);
  if (other) props.talk.history.choose(props.id, other);
}

/** Alt with the left or right arrow key switches the version of the message that has the focus. */
export function onVersionKey(event: KeyboardEvent, props: Props): void {
  if (!event.altKey || props.versions.length < 2) return;
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  event.preventDefault(); // the browser would go back or forward
  switchVersion(props, event.key === "ArrowLeft" ? -1 : 1);
}
