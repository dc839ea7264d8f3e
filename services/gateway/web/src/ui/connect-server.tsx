/** The fields of a model server: its address and its key. */

import type { JSX } from "preact";

import { type Choice, type Connecting, type ConnectingInput, hostOf } from "../model/connecting";
import { texts } from "../texts";
import { FieldProblem } from "./field-problem";
import { Fill } from "./fill";

interface Props {
  readonly state: Connecting;
  /** The known server; undefined for another address. */
  readonly chosen: Choice | undefined;
  readonly inContainer: boolean;
  readonly put: (input: ConnectingInput) => void;
}

export function ConnectServer({ state, chosen, inContainer, put }: Props): JSX.Element {
  const isHosted = chosen !== undefined && !chosen.is_local;
  const about = (field: string) => (state.trouble?.field === field ? state.trouble.text : "");
  return (
    <>
      {!isHosted && (
        <div class="field">
          <label for="server-address">{texts.connect.address}</label>
          <input
            id="server-address"
            inputMode="url"
            maxLength={500}
            value={state.address}
            placeholder="http://localhost:11434/v1"
            spellcheck={false}
            autocomplete="off"
            aria-describedby="server-address-help"
            onInput={(event) => put({ on: "address", address: event.currentTarget.value })}
          />
          <p class="detail" id="server-address-help">
            {inContainer
              ? texts.connect.addressInContainer
              : texts.connect.addressHelp}
          </p>
          {about("address") && <FieldProblem text={about("address")} />}
        </div>
      )}
      <div class="field">
        <label for="server-key">{isHosted ? texts.connect.key : texts.connect.keyIfNeeded}</label>
        <input
          id="server-key"
          type="password"
          maxLength={2000}
          value={state.key}
          spellcheck={false}
          autocomplete="off"
          aria-describedby="server-key-help"
          onInput={(event) => put({ on: "key", key: event.currentTarget.value })}
        />
        <p class="detail" id="server-key-help">
          {chosen?.keys_page && (
            <>
              <Fill text={texts.connect.keysPage}>
                <a href={chosen.keys_page} target="_blank" rel="noreferrer">
                  {hostOf(chosen.keys_page)}
                </a>
              </Fill>{" "}
            </>
          )}
          {texts.connect.keyHelp}
        </p>
        {about("key") && <FieldProblem text={about("key")} />}
      </div>
    </>
  );
}
