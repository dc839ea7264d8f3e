/** What the characters remember of the beginning of the conversation: the text, which can be edited and turned off. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { usageOf, usageText } from "../inside/usage";
import type { SummaryChange } from "../rest/api";
import { type Summary, SUMMARY_MAX_CHARS, newestSummary } from "../talk/summary";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { useFormDraft } from "./form-draft";
import { Loading } from "./loading";
import { asFailure, useLoaded } from "./request";

/** The text that the user edits, with the `covers` of the text that it was made from. */
interface Draft {
  readonly text: string;
  readonly covers: number;
}

export function SummarySection({ talk, conversationId }: { talk: Talk; conversationId: string }): JSX.Element {
  const loaded = useLoaded(() => talk.api.summary(conversationId));
  const { summary: told, demo } = talk.state.value;
  const [saved, setSaved] = useState<Summary | null>(null);
  const kept = useFormDraft<{ readonly text: Draft | null }>(`summary:${conversationId}`, { text: null });
  const draft = kept.draft.text;
  const setDraft = (text: Draft | null) => kept.change({ text });
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const enabled = loaded.value?.enabled !== false;
  const summary = newestSummary(loaded.value, saved, told?.conversationId === conversationId ? told.summary : null);
  const run = (request: Promise<Summary | null>) => {
    setBusy(true);
    setProblem("");
    request
      .then(
        (now) => {
          setDraft(null);
          if (now) setSaved(now);
          else loaded.reload();
        },
        (error: unknown) => setProblem(asFailure(error).message),
      )
      .finally(() => setBusy(false));
  };
  const change = (part: SummaryChange) => run(talk.api.changeSummary(conversationId, part));
  const trouble = problem || (loaded.problem?.message ?? "");
  const usage = usageOf(summary?.usage);
  return (
    <section class="form" aria-labelledby="summary-title" aria-busy={busy}>
      <div class="field">
        <h3 id="summary-title">
          <label for="summary">{texts.summary.title}</label>
        </h3>
        <p class="lead" id="summary-effect">
          {texts.summary.lead}
        </p>
        {trouble && (
          <p class="remark trouble" role="alert">
            {trouble}
          </p>
        )}
        {!summary && <Loading of={loaded} />}
        {summary && (
          <>
            <label class="check">
              <input
                type="checkbox"
                checked={!summary.off && enabled}
                disabled={busy || !enabled}
                onChange={(event) => change({ off: !event.currentTarget.checked })}
              />
              {texts.summary.isUsed}
            </label>
            <textarea
              id="summary"
              rows={8}
              maxLength={SUMMARY_MAX_CHARS}
              dir="auto"
              value={draft?.text ?? summary.text}
              readOnly={summary.off || !enabled}
              placeholder={texts.summary.placeholder}
              aria-describedby="summary-effect summary-state"
              onInput={(event) =>
                setDraft({ text: event.currentTarget.value, covers: draft?.covers ?? summary.covers })
              }
            />
            <p class="detail" id="summary-state" role="status">
              {stateText(summary, enabled, demo)}
            </p>
            {usage && <p class="detail">{texts.summary.usage(usageText(usage))}</p>}
            <div class="actions">
              {draft && draft.text.trim() !== summary.text && (
                <>
                  <button type="button" class="primary" disabled={busy} onClick={() => change(draft)}>
                    {texts.summary.save}
                  </button>
                  <button type="button" disabled={busy} onClick={() => setDraft(null)}>
                    {texts.summary.discard}
                  </button>
                </>
              )}
              {!draft && summary.text && !summary.off && (
                <button
                  type="button"
                  disabled={busy}
                  onClick={() => run(talk.api.forgetSummary(conversationId).then(() => null))}
                >
                  {texts.summary.again}
                </button>
              )}
            </div>
          </>
        )}
      </div>
    </section>
  );
}

function stateText(summary: Summary, enabled: boolean, demo: boolean): string {
  if (!enabled) return texts.summary.disabled;
  if (summary.off) return texts.summary.off;
  if (summary.edited) return texts.summary.edited;
  if (summary.text) return texts.summary.made;
  return demo ? texts.summary.demo : texts.summary.none;
}
