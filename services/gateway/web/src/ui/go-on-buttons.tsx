/** Buttons after the last reply: the last speaker goes on, or the characters talk among themselves. */

import type { JSX } from "preact";

import type { Talk } from "../talk/talk";
import { texts } from "../texts";

/** @param onUse called before a button takes effect and disappears */
export function GoOnButtons({ talk, onUse }: { talk: Talk; onUse: () => void }): JSX.Element {
  const several = talk.state.value.characters.filter((character) => character.active).length > 1;
  const then = (act: () => void) => () => {
    onUse();
    act();
  };
  return (
    <div class="go-on" role="group" aria-label={texts.transcript.withoutMessage}>
      <button type="button" onClick={then(() => talk.requestReply())}>
        {texts.transcript.goOn}
      </button>
      {several && (
        <button type="button" onClick={then(() => talk.requestDiscussion())}>
          {texts.transcript.discuss}
        </button>
      )}
    </div>
  );
}
