/** Banners for what blocks the conversation: no connection, another tab, no token, no sound. */

import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import type { PageState } from "../talk/page-state";
import { keepToken } from "../talk/preferences";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { Notices } from "./notices";

/** True from the loss of the connection until it is back: also while an attempt to connect goes on. */
function useLost(link: PageState["link"]): boolean {
  const isLost = useRef(false);
  if (link === "waiting") isLost.current = true;
  else if (link !== "connecting" && link !== "greeting" && link !== "resuming") isLost.current = false;
  return isLost.current;
}

export function Banner({ talk }: { talk: Talk }): JSX.Element {
  const { link, linkReason, soundBlocked: blocked } = talk.state.value;
  // Another page has the conversation, and with it the sound.
  const soundBlocked = link === "replaced" ? "" : blocked;
  const isLost = useLost(link);
  return (
    <div class="banners">
      {isLost && (
        <div class="banner" role="status">
          <p>{texts.banner.lost}</p>
          <button type="button" onClick={() => talk.retryNow()}>
            {texts.banner.reconnect}
          </button>
        </div>
      )}
      {link === "replaced" && (
        <div class="banner" role="alert">
          <p>{texts.banner.replaced}</p>
          <button type="button" onClick={() => talk.conversations.takeBack()}>
            {texts.banner.takeBack}
          </button>
        </div>
      )}
      {link === "refused" && <TokenForm reason={linkReason} />}
      {soundBlocked === "interrupted" && (
        <div class="banner inviting" role="alert">
          <p>{texts.banner.soundPaused}</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            {texts.banner.turnOnSound}
          </button>
        </div>
      )}
      {soundBlocked === "policy" && (
        <div class="banner inviting" role="alert">
          <p>{texts.banner.soundOff}</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            {texts.banner.turnOnSound}
          </button>
        </div>
      )}
      {soundBlocked === "no_output" && (
        <div class="banner inviting" role="alert">
          <p>{texts.banner.noOutput}</p>
          <button type="button" onClick={() => void talk.unlockSound()}>
            {texts.banner.tryAgain}
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
      <label for="token">{reason || texts.banner.needsToken}</label>
      <input id="token" name="token" type="password" autocomplete="off" placeholder={texts.banner.token} required />
      <label class="check">
        <input type="checkbox" name="keep" defaultChecked={isInstalled()} />
        <span>{texts.banner.rememberToken}</span>
      </label>
      <button type="submit">{texts.banner.continue}</button>
    </form>
  );
}
