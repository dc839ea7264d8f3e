/** The panel that connects a model server: which one is used, and how to use another one. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { hostOf } from "../model/connecting";
import { type Connection, ModelApi, type ModelOverview } from "../rest/model-api";
import type { Talk } from "../talk/talk";
import { ConnectForm } from "./connect-form";
import { asFailure, useLoaded } from "./request";
import { Sheet } from "./sheet";

export function ConnectSheet({ talk, onClose }: { talk: Talk; onClose: () => void }): JSX.Element {
  const [api] = useState(() => new ModelApi(talk.api));
  const overview = useLoaded(() => api.overview());
  const [changed, setChanged] = useState<Connection | null>(null);
  const used = changed ?? overview.value;
  const onChanged = (connection: Connection) => {
    setChanged(connection);
    talk.modelChanged(connection.source === "demo");
  };
  return (
    <Sheet title="Connect a model" onClose={onClose}>
      {overview.problem && (
        <div class="remark trouble" role="alert">
          <p>{overview.problem.message}</p>
          <button type="button" onClick={overview.reload}>
            Try again
          </button>
        </div>
      )}
      {!used && !overview.problem && <p class="lead">Asking which model is used…</p>}
      {used && <InUse api={api} used={used} mayChange={overview.value?.may_change ?? false} onChanged={onChanged} />}
      {overview.value && used && <Offer api={api} overview={overview.value} used={used} onChanged={onChanged} />}
    </Sheet>
  );
}

function Offer({
  api,
  overview,
  used,
  onChanged,
}: {
  api: ModelApi;
  overview: ModelOverview;
  used: Connection;
  onChanged: (connection: Connection) => void;
}): JSX.Element {
  if (used.source === "environment") {
    return (
      <p class="remark">
        The settings <code>OPENROUTER_API_KEY</code> and <code>TERTULIA_LLM_…</code> in the environment or in{" "}
        <code>.env</code> choose the model server, and win over this page. To choose here, remove them and restart.
      </p>
    );
  }
  if (!overview.may_change) {
    return (
      <p class="remark">
        The model server can be changed from the page on the machine that runs Tertulia, or from any page that has its
        token (<code>TERTULIA_TOKEN</code>).
      </p>
    );
  }
  const form = <ConnectForm api={api} overview={overview} onConnected={onChanged} />;
  if (used.source === "demo") return form;
  return (
    <details class="connect-another">
      <summary>Use another model</summary>
      {form}
    </details>
  );
}

function InUse({
  api,
  used,
  mayChange,
  onChanged,
}: {
  api: ModelApi;
  used: Connection;
  mayChange: boolean;
  onChanged: (connection: Connection) => void;
}): JSX.Element {
  const [problem, setProblem] = useState("");
  // The control that had the focus is gone after a change: the form, or the button that forgets the key.
  const shown = useRef<HTMLParagraphElement>(null);
  const first = useRef(used);
  useEffect(() => {
    if (first.current !== used) shown.current?.focus();
  }, [used]);
  const [busy, setBusy] = useState(false);
  const forget = () => {
    setBusy(true);
    api
      .forget()
      .then(
        (state) => {
          setProblem("");
          onChanged(state);
        },
        (error: unknown) => setProblem(asFailure(error).message),
      )
      .finally(() => setBusy(false));
  };
  return (
    <section class="in-use" aria-label="In use">
      <p role="status" ref={shown} tabIndex={-1}>
        {used.source === "demo" ? (
          "The demo answers now: its replies are scripted."
        ) : (
          <>
            <strong>{used.model}</strong> at {hostOf(used.address)} answers
            {used.has_key ? ", with a key that is kept on the server." : "."}
          </>
        )}
      </p>
      {used.fault && (
        <p class="remark trouble">The connection that was kept cannot be used: {used.fault}. Connect again, or forget it.</p>
      )}
      {problem && (
        <p class="remark trouble" role="alert">
          {problem}
        </p>
      )}
      {used.kept && mayChange && (
        <button type="button" disabled={busy} onClick={forget}>
          {used.source === "page" && used.has_key ? "Forget this key" : "Forget what this page has kept"}
        </button>
      )}
    </section>
  );
}
