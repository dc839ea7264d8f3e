/** The form that connects a model server: the server, its key, one of its models. */

import type { JSX } from "preact";
import { useEffect, useReducer, useRef } from "preact/hooks";

import { BEGINNING, type Choice, type Connecting, choices, connecting, hostOf, OTHER } from "../model/connecting";
import type { Connection, FoundServer, ModelApi, ModelOverview } from "../rest/model-api";
import { texts } from "../texts";
import { ConnectServer } from "./connect-server";
import { ModelList } from "./model-list";
import { asFailure, useLoaded } from "./request";

interface Props {
  readonly api: ModelApi;
  readonly overview: ModelOverview;
  readonly onConnected: (connection: Connection) => void;
}

const NONE_FOUND: readonly FoundServer[] = [];

export function ConnectForm({ api, overview, onConnected }: Props): JSX.Element {
  const [state, put] = useReducer(connecting, BEGINNING);
  const found = useLoaded(() => api.servers());
  const offered = choices(overview.providers, found.value ?? NONE_FOUND);
  const latest = useRef(state);
  latest.current = state;
  // A server that runs here is the likely choice, unless the user was faster.
  useEffect(() => {
    const running = offered.find((choice) => choice.running);
    if (running && latest.current.provider === "") choose(running);
  }, [found.value]);

  const choose = (choice: Choice | undefined) =>
    put({ on: "provider", id: choice?.id ?? OTHER, address: choice?.address ?? "" });
  const list = () => {
    const request = state.request + 1;
    put({ on: "list" });
    api.models(state.address.trim(), state.key.trim()).then(
      ({ address, models }) => put({ on: "listed", request, address, models }),
      (error: unknown) => put({ on: "failed", request, problem: asFailure(error) }),
    );
  };
  const tryModel = () => {
    const request = state.request + 1;
    put({ on: "try" });
    api.connect(state.address.trim(), state.key.trim(), state.model.trim()).then(
      (connection) => {
        put({ on: "connected", request });
        onConnected(connection);
      },
      (error: unknown) => put({ on: "failed", request, problem: asFailure(error) }),
    );
  };
  const chosen = offered.find(({ id }) => id === state.provider);
  const hasModels = state.step === "models" || state.step === "trying";
  return (
    <form
      class="form connect"
      onSubmit={(event) => {
        event.preventDefault();
        if (state.step === "server") list();
        else if (state.step === "models" && state.model !== "") tryModel();
      }}
    >
      <Providers offered={offered} state={state} onChoose={choose} />
      <Search found={found} />
      {state.provider !== "" && (
        <ConnectServer state={state} chosen={chosen} inContainer={overview.in_container} put={put} />
      )}
      {state.trouble?.field === "" || (state.trouble && hasModels) ? (
        <p class="remark trouble" role="alert">
          {state.trouble.text}
        </p>
      ) : null}
      {hasModels && <ModelList state={state} put={put} />}
      {state.provider !== "" && <Submit state={state} />}
    </form>
  );
}

function Providers({
  offered,
  state,
  onChoose,
}: {
  offered: readonly Choice[];
  state: Connecting;
  onChoose: (choice: Choice | undefined) => void;
}): JSX.Element {
  return (
    <fieldset class="providers">
      <legend>{texts.connect.where}</legend>
      {[...offered, undefined].map((choice) => (
        <label key={choice?.id ?? OTHER} class={`provider ${choice ? "" : "other"}`}>
          <input
            type="radio"
            name="provider"
            checked={state.provider === (choice?.id ?? OTHER)}
            onChange={() => onChoose(choice)}
          />
          <span class="provider-name">{choice?.name ?? texts.connect.otherAddress}</span>
          <span class={`detail ${choice?.running ? "running" : ""}`}>{about(choice)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function about(choice: Choice | undefined): string {
  if (!choice) return texts.connect.anyServer;
  if (!choice.running) return choice.is_local ? texts.connect.onThisMachine : texts.connect.withKey;
  return texts.connect.running(choice.running.count);
}

function Search({ found }: { found: ReturnType<typeof useLoaded<readonly FoundServer[]>> }): JSX.Element {
  return (
    <p class="detail search-servers" role="status">
      {found.problem?.message ??
        (found.value === null
          ? texts.connect.looking
          : found.value.length === 0
            ? texts.connect.noneFound
            : texts.connect.found(found.value.map(({ name }) => name).join(", ")))}{" "}
      {(found.value !== null || found.problem) && (
        <button type="button" class="link" onClick={found.reload}>
          {texts.connect.lookAgain}
        </button>
      )}
    </p>
  );
}

function Submit({ state }: { state: Connecting }): JSX.Element {
  const host = hostOf(state.address);
  const busy = { listing: texts.connect.listing(host), trying: texts.connect.trying(state.model) };
  const hasModels = state.step === "models" || state.step === "trying";
  const working = state.step === "listing" || state.step === "trying" ? busy[state.step] : "";
  return (
    <div class="actions connect-actions">
      <button
        type="submit"
        class="primary"
        disabled={working !== "" || state.address.trim() === "" || (hasModels && state.model === "")}
      >
        {hasModels ? texts.connect.connect : texts.connect.showModels}
      </button>
      <p class="detail" role="status">
        {working && <span class="spinner" aria-hidden="true" />} {working}
      </p>
    </div>
  );
}
