/** Removes the access token that is kept on this device. Nothing is shown if there is none. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { forgetToken, isTokenOnDevice } from "../talk/preferences";

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
          ? "The access token is kept on this device."
          : "The access token is removed. The page asks for it when it is opened again."}
      </p>
      {isKept && (
        <button type="button" onClick={forget}>
          Forget the token
        </button>
      )}
    </div>
  );
}
