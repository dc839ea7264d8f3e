/** Buttons after the last reply: the last speaker goes on, or the characters talk among themselves. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";

export function GoOnButtons({ talk }: { talk: Talk }): JSX.Element {
  const several = talk.state.value.characters.filter((character) => character.active).length > 1;
  return (
    <div class="go-on" role="group" aria-label="Without a message">
      <button type="button" onClick={() => talk.requestReply()}>
        Go on
      </button>
      {several && (
        <button type="button" onClick={() => talk.requestDiscussion()}>
          Talk among yourselves
        </button>
      )}
    </div>
  );
}
