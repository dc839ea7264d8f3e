/** Banners for what blocks the conversation: no connection, another tab, no token, no sound. */

import type { JSX } from "preact";

import { keepToken } from "../talk/preferences";
import type { Talk } from "../talk/talk";
import { Notices } from "./notices";

export function Banner({ talk }: { talk: Talk }): JSX.Element {
  const { link, linkReason, soundBlocked } = talk.state.value;
  return (
    <div class="banners">
      {link === "waiting" && (
        <div class="banner" role="status">
          <p>The connection is lost. Nothing is forgotten: the talk continues as soon as it is back.</p>
          <button type="button" onClick={() => talk.retryNow()}>
            Try now
          </button>
        </div>
      )}
      {link === "replaced" && (
        <div class="banner" role="alert">
          <p>This talk was opened in another tab or on another device.</p>
          <button type="button" onClick={() => talk.reconnect()}>
            Take it back here
          </button>
        </div>
      )}
      {link === "refused" && <TokenForm reason={linkReason} />}
      {soundBlocked === "interrupted" && (
        <div class="banner inviting" role="alert">
          <p>Sound is paused: a call or another app uses it, or the browser has stopped it.</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            Continue
          </button>
        </div>
      )}
      {soundBlocked === "policy" && (
        <div class="banner inviting" role="alert">
          <p>Sound is blocked: the browser waits for your permission.</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            Click to allow sound
          </button>
        </div>
      )}
      <Notices talk={talk} place="page" />
    </div>
  );
}

function enterToken(event: SubmitEvent): void {
  event.preventDefault();
  const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
  if (typeof token !== "string" || token.trim() === "") return;
  keepToken(token.trim());
  location.reload();
}

function TokenForm({ reason }: { reason: string }): JSX.Element {
  return (
    <form class="banner" onSubmit={enterToken}>
      <label for="token">{reason || "The server asks for its token."}</label>
      <input id="token" name="token" type="password" autocomplete="off" placeholder="Token" required />
      <button type="submit">Enter</button>
    </form>
  );
}
