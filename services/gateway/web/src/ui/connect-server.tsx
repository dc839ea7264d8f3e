/** The fields of a model server: its address and its key. */

import type { JSX } from "preact";

import { type Choice, type Connecting, type ConnectingInput, hostOf } from "../model/connecting";
import { FieldProblem } from "./field-problem";

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
          <label for="server-address">Address</label>
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
              ? "Tertulia runs in a container: this machine is host.docker.internal there."
              : "The base URL of its API, which often ends in /v1."}
          </p>
          {about("address") && <FieldProblem text={about("address")} />}
        </div>
      )}
      <div class="field">
        <label for="server-key">{isHosted ? "Key" : "Key (if it asks for one)"}</label>
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
              You get one at{" "}
              <a href={chosen.keys_page} target="_blank" rel="noreferrer">
                {hostOf(chosen.keys_page)}
              </a>
              .{" "}
            </>
          )}
          Tertulia keeps it in a file that only its owner may read, and never shows it again.
        </p>
        {about("key") && <FieldProblem text={about("key")} />}
      </div>
    </>
  );
}
