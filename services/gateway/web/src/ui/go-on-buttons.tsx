/** Buttons after the last reply: the last speaker goes on, or the characters talk among themselves. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";

/** @param onUse called before a button takes effect and disappears */
export function GoOnButtons({ talk, onUse }: { talk: Talk; onUse: () => void }): JSX.Element {
  const several = talk.state.value.characters.filter((character) => character.active).length > 1;
  const then = (act: () => void) => () => {
    onUse();
    act();
  };
  return (
    <div class="go-on" role="group" aria-label="Without a message">
      <button type="button" onClick={then(() => talk.requestReply())}>
        Go on
      </button>
      {several && (
        <button type="button" onClick={then(() => talk.requestDiscussion())}>
          Talk among yourselves
        </button>
      )}
    </div>
  );
}
