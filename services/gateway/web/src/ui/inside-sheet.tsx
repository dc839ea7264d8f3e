/**
 * The panel "See inside": the timings of each turn, whether Redis and the workers run, and the commands that read the
 * Redis streams.
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { keyLines } from "../inside/stream-keys";
import type { Trace } from "../inside/traces";
import { usageOf, usageText } from "../inside/usage";
import { type BarKind, waterfallOf } from "../inside/waterfall";
import type { Talk } from "../talk/talk";
import type { People } from "./people";
import { reasonText } from "./reasons";
import { useLoaded } from "./request";
import { Sheet } from "./sheet";

const LEGEND: readonly [BarKind, string][] = [
  ["hear", "understanding you"],
  ["pick", "who answers"],
  ["think", "first token"],
  ["write", "text"],
  ["voice", "voice"],
  ["send", "sending"],
  ["sound", "sound"],
];

export function InsideSheet({
  talk,
  people,
  onClose,
}: {
  talk: Talk;
  people: People;
  onClose: () => void;
}): JSX.Element {
  const status = useLoaded(() => talk.api.status());
  const { conversationId, messages, usage } = talk.state.value;
  const lastReply = messages.findLast((message) => message.kind === "reply")?.id ?? "";
  const traces = talk.traces.value;
  return (
    <Sheet title="See inside" onClose={onClose}>
      <h3>Where the time went</h3>
      {traces.length === 0 && <p class="lead">After the next answer, this shows how long each step took.</p>}
      {traces.length > 0 && (
        <ul class="legend" aria-hidden="true">
          {LEGEND.map(([kind, label]) => (
            <li key={kind}>
              <i class={`bar ${kind}`} /> {label}
            </li>
          ))}
        </ul>
      )}
      {traces.map((trace) => (
        <TurnFigure key={trace.turnId} trace={trace} people={people} />
      ))}
      {usage && (
        <p class="usage">
          This conversation so far: {usageText(usage)}
          {usage.cost !== null && " (in the currency of the model server's account)"}
        </p>
      )}
      <h3>Status</h3>
      {status.problem && <p class="remark trouble">{status.problem.message}</p>}
      {status.value && (
        <dl class="facts">
          {Object.entries(status.value.engines).map(([stage, engines]) => (
            <div key={stage}>
              <dt>{stage}</dt>
              <dd>
                {engines.length > 0 ? engines.join(", ") : "no worker"}
                {Object.entries(status.value?.engine_reasons?.[stage] ?? {}).map(([engine, reason]) => (
                  <small key={engine}>{engines.length > 1 ? `${engine}: ${reason}` : reason}</small>
                ))}
              </dd>
            </div>
          ))}
          <div>
            <dt>redis</dt>
            <dd>
              {status.value.redis_ms === null ? "does not answer" : `${status.value.redis_ms.toFixed(1)} ms away`}
            </dd>
          </div>
          <div>
            <dt>version</dt>
            <dd>{status.value.version}</dd>
          </div>
        </dl>
      )}
      {status.value?.missing.map((what) => (
        <p key={what} class="remark trouble">
          {what}
        </p>
      ))}
      <h3>Redis streams</h3>
      <p class="lead">Paste a line into redis-cli to see the entries of this conversation.</p>
      <ul class="keys">
        {keyLines(status.value?.namespace ?? "tertulia", conversationId, lastReply).map(({ what, command }) => (
          <KeyRow key={command} what={what} command={command} />
        ))}
      </ul>
    </Sheet>
  );
}

function TurnFigure({ trace, people }: { trace: Trace; people: People }): JSX.Element {
  const { rows, fromMs, toMs, firstSoundMs } = waterfallOf(trace.metrics);
  const usage = usageOf(trace.metrics["usage"]);
  const share = (ms: number) => `${(((ms - fromMs) / (toMs - fromMs)) * 100).toFixed(2)}%`;
  return (
    <figure class="turn">
      <figcaption>
        {trace.said ? <q dir="auto">{trace.said}</q> : <span>Without a message</span>}
        <span class="sums">
          {firstSoundMs !== null && <>first sound sent after {firstSoundMs} ms</>}
          {trace.heardAfterMs !== null && <>, heard here after {trace.heardAfterMs} ms</>}
        </span>
        {usage && <span class="sums">{usageText(usage)}</span>}
      </figcaption>
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.messageId} style={row.characterId ? people.look(row.characterId).style : ""}>
              <th scope="row" dir="auto">
                {row.label}
              </th>
              <td>
                <div class="track">
                  {row.bars.map((bar) => (
                    <i
                      key={bar.kind + bar.label}
                      class={`bar ${bar.kind} ${bar.label === "text" ? "under" : ""}`}
                      style={`left:${share(bar.fromMs)};width:max(2px, calc(${share(bar.toMs)} - ${share(bar.fromMs)}))`}
                      title={`${bar.label}: ${bar.fromMs} to ${bar.toMs} ms`}
                    />
                  ))}
                </div>
                <Why reason={trace.reasons.get(row.messageId)} />
                <span class="unseen">
                  {row.bars.map((bar) => `${bar.label}: ${bar.fromMs} to ${bar.toMs} ms`).join("; ")}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="scale" aria-hidden="true">
        <span>{fromMs} ms</span>
        <span>{toMs} ms</span>
      </p>
    </figure>
  );
}

/** Why the character answered. */
function Why({ reason }: { reason: string | undefined }): JSX.Element | null {
  const text = reasonText(reason);
  return text ? <span class="why">{text}</span> : null;
}

function KeyRow({ what, command }: { what: string; command: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    navigator.clipboard.writeText(command).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <li>
      <p class="detail">{what}</p>
      <div class="inline">
        <code>{command}</code>
        {"clipboard" in navigator && (
          <button type="button" class="link" onClick={copy} aria-label={`Copy: ${what}`}>
            {copied ? "Copied" : "Copy"}
          </button>
        )}
      </div>
    </li>
  );
}
