/**
 * The panel "See inside": the timings of each turn, whether Redis and the workers run, and the commands that read the
 * Redis streams.
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { keyLines } from "../inside/stream-keys";
import type { Lore, Trace } from "../inside/traces";
import { usageOf, usageText } from "../inside/usage";
import { type Bar, type BarKind, type Row, waterfallOf } from "../inside/waterfall";
import type { Talk } from "../talk/talk";
import { formatNumber, texts } from "../texts";
import type { People } from "./people";
import { reasonText } from "./reasons";
import { useLoaded } from "./request";
import { Sheet } from "./sheet";

const LEGEND: readonly BarKind[] = ["hear", "pick", "think", "write", "voice", "send", "sound"];

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
    <Sheet title={texts.app.inside} onClose={onClose}>
      <h3>{texts.inside.time}</h3>
      {traces.length === 0 && <p class="lead">{texts.inside.empty}</p>}
      {traces.length > 0 && (
        <ul class="legend" aria-hidden="true">
          {LEGEND.map((kind) => (
            <li key={kind}>
              <i class={`bar ${kind}`} /> {texts.inside.legend[kind]}
            </li>
          ))}
        </ul>
      )}
      {traces.map((trace) => (
        <TurnFigure key={trace.turnId} trace={trace} people={people} />
      ))}
      {usage && (
        <p class="usage">
          {texts.inside.usage(usageText(usage))}
          {usage.cost !== null && ` ${texts.inside.currency}`}
        </p>
      )}
      <h3>{texts.inside.status}</h3>
      {status.problem && <p class="remark trouble">{status.problem.message}</p>}
      {status.value && (
        <dl class="facts">
          {Object.entries(status.value.engines).map(([stage, engines]) => (
            <div key={stage}>
              <dt>{stage}</dt>
              <dd>
                {engines.length > 0 ? engines.join(", ") : texts.inside.noWorker}
                {Object.entries(status.value?.engine_reasons?.[stage] ?? {}).map(([engine, reason]) => (
                  <small key={engine}>{engines.length > 1 ? `${engine}: ${reason}` : reason}</small>
                ))}
              </dd>
            </div>
          ))}
          <div>
            <dt>{texts.inside.redis}</dt>
            <dd>
              {status.value.redis_ms === null
                ? texts.inside.noRedis
                : texts.inside.redisAway(formatNumber(status.value.redis_ms, { maximumFractionDigits: 1 }))}
            </dd>
          </div>
          <div>
            <dt>{texts.inside.version}</dt>
            <dd>{status.value.version}</dd>
          </div>
        </dl>
      )}
      {status.value?.missing.map((what) => (
        <p key={what} class="remark trouble">
          {what}
        </p>
      ))}
      <h3>{texts.inside.streams}</h3>
      <p class="lead">{texts.inside.streamsLead}</p>
      <ul class="keys">
        {(status.value ? keyLines(status.value.namespace, conversationId, lastReply) : []).map(({ what, command }) => (
          <KeyRow key={what} what={texts.inside.keys[what]} command={command} />
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
        {trace.said ? <q dir="auto">{trace.said}</q> : <span>{texts.inside.withoutMessage}</span>}
        <span class="sums">
          {[
            firstSoundMs !== null && texts.inside.firstSound(firstSoundMs),
            trace.heardAfterMs !== null && texts.inside.heard(trace.heardAfterMs),
          ]
            .filter(Boolean)
            .join(", ")}
        </span>
        {usage && <span class="sums">{usageText(usage)}</span>}
      </figcaption>
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.messageId} style={row.characterId ? people.look(row.characterId).style : ""}>
              <th scope="row" dir="auto">
                {labelOf(row)}
              </th>
              <td>
                <div class="track">
                  {row.bars.map((bar) => (
                    <i
                      key={bar.step}
                      class={`bar ${bar.kind} ${bar.step === "text" ? "under" : ""}`}
                      style={`left:${share(bar.fromMs)};width:max(2px, calc(${share(bar.toMs)} - ${share(bar.fromMs)}))`}
                      title={textOf(bar)}
                    />
                  ))}
                </div>
                <Why reason={trace.reasons.get(row.messageId)} />
                <LoreNames lore={trace.lore.get(row.messageId)} />
                <span class="unseen">
                  {row.bars.map(textOf).join("; ")}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="scale" aria-hidden="true">
        <span>{texts.inside.ms(fromMs)}</span>
        <span>{texts.inside.ms(toMs)}</span>
      </p>
    </figure>
  );
}

function labelOf({ messageId, name }: Row): string {
  return messageId ? name || texts.inside.reply : texts.inside.you;
}

function textOf({ step, fromMs, toMs }: Bar): string {
  return texts.inside.bar(texts.inside.bars[step], fromMs, toMs);
}

/** Why the character answered. */
function Why({ reason }: { reason: string | undefined }): JSX.Element | null {
  const text = reasonText(reason);
  return text ? <span class="why">{text}</span> : null;
}

/** The entries of lorebooks in the prompt. */
function LoreNames({ lore }: { lore: Lore | undefined }): JSX.Element | null {
  if (!lore) return null;
  const parts = [
    lore.used.length > 0 && texts.inside.lore(lore.used.join(", ")),
    lore.leftOut.length > 0 && texts.inside.loreLeftOut(lore.leftOut.join(", ")),
  ].filter(Boolean);
  return (
    <span class="why" dir="auto">
      {parts.join("; ")}
    </span>
  );
}

function KeyRow({ what, command }: { what: string; command: string }): JSX.Element {
  /** The command that is in the clipboard. */
  const [copied, setCopied] = useState("");
  const copy = () => {
    navigator.clipboard.writeText(command).then(
      () => setCopied(command),
      () => setCopied(""),
    );
  };
  return (
    <li>
      <p class="detail">{what}</p>
      <div class="inline">
        <code>{command}</code>
        {"clipboard" in navigator && (
          <button type="button" class="link" onClick={copy} aria-label={texts.inside.copyOf(what)}>
            {copied === command ? texts.inside.copied : texts.inside.copy}
          </button>
        )}
      </div>
    </li>
  );
}
