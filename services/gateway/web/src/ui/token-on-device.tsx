/** Removes the access token that is kept on this device. Nothing is shown if there is none. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { forgetToken, isTokenOnDevice } from "../talk/preferences";
import { texts } from "../texts";

export function TokenOnDevice(): JSX.Element | null {
  const [wasKept] = useState(isTokenOnDevice);
  const [isKept, setKept] = useState(wasKept);
  if (!wasKept) return null;
  const forget = () => {
    forgetToken();
    setKept(false);
  };
  return (
    <div class="field">
      <p class="detail" role="status">
        {isKept
          ? texts.settings.tokenKept
          : texts.settings.tokenRemoved}
      </p>
      {isKept && (
        <button type="button" onClick={forget}>
          {texts.settings.forgetToken}
        </button>
      )}
    </div>
  );
}
