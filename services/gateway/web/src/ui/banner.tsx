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
          <p>Connection lost. Reconnecting; nothing will be lost.</p>
          <button type="button" onClick={() => talk.retryNow()}>
            Reconnect now
          </button>
        </div>
      )}
      {link === "replaced" && (
        <div class="banner" role="alert">
          <p>This conversation is open in another tab or on another device.</p>
          <button type="button" onClick={() => talk.conversations.takeBack()}>
            Continue here
          </button>
        </div>
      )}
      {link === "refused" && <TokenForm reason={linkReason} />}
      {soundBlocked === "interrupted" && (
        <div class="banner inviting" role="alert">
          <p>Sound is paused: a call or another app is using it, or the browser stopped it.</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            Turn on sound
          </button>
        </div>
      )}
      {soundBlocked === "policy" && (
        <div class="banner inviting" role="alert">
          <p>Sound is off: the browser plays none until you click.</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            Turn on sound
          </button>
        </div>
      )}
      {soundBlocked === "no_output" && (
        <div class="banner inviting" role="alert">
          <p>The browser found no sound output. Connect a loudspeaker or headphones. You can read along meanwhile.</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            Try again
          </button>
        </div>
      )}
      <Notices talk={talk} place="page" />
    </div>
  );
}

function enterToken(event: SubmitEvent): void {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  const token = form.get("token");
  if (typeof token !== "string" || token.trim() === "") return;
  keepToken(token.trim(), form.has("keep") ? "device" : "tab");
  location.reload();
}

/** True if the page was installed, so that it has a window of its own on the user's own device. */
function isInstalled(): boolean {
  return matchMedia("(display-mode: standalone)").matches;
}

function TokenForm({ reason }: { reason: string }): JSX.Element {
  return (
    <form class="banner" onSubmit={enterToken}>
      <label for="token">{reason || "This server needs an access token (its setting TERTULIA_TOKEN)."}</label>
      <input id="token" name="token" type="password" autocomplete="off" placeholder="Token" required />
      <label class="check">
        <input type="checkbox" name="keep" defaultChecked={isInstalled()} />
        <span>Remember on this device</span>
      </label>
      <button type="submit">Continue</button>
    </form>
  );
}
