/** The panel that connects a model server: which one is used, and how to use another one. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { hostOf } from "../model/connecting";
import { type Connection, ModelApi, type ModelOverview } from "../rest/model-api";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { ConnectForm } from "./connect-form";
import { Fill } from "./fill";
import { asFailure, useLoaded } from "./request";
import { Sheet } from "./sheet";

export function ConnectSheet({ talk, onClose }: { talk: Talk; onClose: () => void }): JSX.Element {
  const [api] = useState(() => new ModelApi(talk.api));
  const overview = useLoaded(() => api.overview());
  const [changed, setChanged] = useState<Connection | null>(null);
  const used = changed ?? overview.value;
  const onChanged = (connection: Connection) => {
    setChanged(connection);
    talk.changes.modelServer(connection.source === "demo");
  };
  return (
    <Sheet title={texts.model.connect} onClose={onClose}>
      {overview.problem && (
        <div class="remark trouble" role="alert">
          <p>{overview.problem.message}</p>
          <button type="button" onClick={overview.reload}>
            {texts.connect.tryAgain}
          </button>
        </div>
      )}
      {!used && !overview.problem && <p class="lead">{texts.connect.asking}</p>}
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
        <Fill text={texts.connect.environment}>
          <code>OPENROUTER_API_KEY</code>
          <code>TERTULIA_LLM_…</code>
          <code>.env</code>
        </Fill>
      </p>
    );
  }
  if (!overview.may_change) {
    return (
      <p class="remark">
        <Fill text={texts.connect.mayNotChange}>
          <code>TERTULIA_TOKEN</code>
        </Fill>
      </p>
    );
  }
  const form = <ConnectForm api={api} overview={overview} onConnected={onChanged} />;
  if (used.source === "demo") return form;
  return (
    <details class="connect-another">
      <summary>{texts.connect.another}</summary>
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
  useLayoutEffect(() => {
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
    <section class="in-use" aria-label={texts.connect.inUse}>
      <p role="status" ref={shown} tabIndex={-1}>
        {used.source === "demo" ? (
          texts.connect.demoAnswers
        ) : (
          <Fill text={used.has_key ? texts.connect.answersWithKey : texts.connect.answers}>
            <strong>{used.model}</strong>
            {hostOf(used.address)}
          </Fill>
        )}
      </p>
      {used.fault && (
        <p class="remark trouble">{texts.connect.fault(used.fault)}</p>
      )}
      {problem && (
        <p class="remark trouble" role="alert">
          {problem}
        </p>
      )}
      {used.kept && mayChange && (
        <button type="button" disabled={busy} onClick={forget}>
          {used.source === "page" && used.has_key ? texts.connect.forgetKey : texts.connect.forgetAll}
        </button>
      )}
    </section>
  );
}
