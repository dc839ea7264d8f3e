/** The author's note of the conversation, with its depth. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { type AuthorNote, NOTE_MAX_CHARS, NOTE_MAX_DEPTH, shownNote } from "../talk/author-note";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { useFormDraft } from "./form-draft";
import { Notices } from "./notices";
import { RangeField } from "./range-field";

export function NoteField({ talk }: { talk: Talk }): JSX.Element {
  const { note: state, conversationId } = talk.state.value;
  const note = shownNote(state);
  // The panel may be closed while the connection is down.
  const kept = useFormDraft<{ readonly text: string | null }>(`note:${conversationId}`, { text: null });
  const typed = kept.draft.text;
  const [moved, setMoved] = useState<number | null>(null);
  const [refused, setRefused] = useState(false);
  const text = typed ?? note.text;
  const depth = moved ?? note.depth;
  const change = (part: Partial<AuthorNote>) => {
    const isChanged = talk.changes.note(part);
    setRefused(!isChanged);
    return isChanged;
  };
  const keep = () => {
    // If the connection is down, the text stays in the field.
    if (typed !== null && (typed.trim() === note.text || change({ text: typed.trim() }))) kept.discard();
  };
  // The panel may be closed while the text is being typed.
  const keepLatest = useRef(keep);
  keepLatest.current = keep;
  useEffect(() => () => keepLatest.current(), []);
  return (
    <section class="form" aria-labelledby="note-title">
      <fieldset class="form" disabled={!state.confirmed}>
        <div class="field">
          <h3 id="note-title">
            <label for="note">{texts.note.title}</label>
          </h3>
          <p class="lead" id="note-effect">
            {texts.note.lead}
          </p>
          <textarea
            id="note"
            rows={4}
            maxLength={NOTE_MAX_CHARS}
            dir="auto"
            value={text}
            placeholder={texts.note.placeholder}
            aria-describedby="note-effect"
            onInput={(event) => kept.change({ text: event.currentTarget.value })}
            onChange={keep}
          />
          {refused && (
            <p class="remark trouble" role="alert">
              {texts.model.notChanged}
            </p>
          )}
          <Notices talk={talk} place="note" />
        </div>
        <RangeField
          id="note-depth"
          label={texts.note.depth}
          range={{ least: 0, most: NOTE_MAX_DEPTH, step: 1 }}
          value={depth}
          words={depthText(depth)}
          spoken={`${depth}: ${depthText(depth)}`}
          effect={texts.note.depthEffect}
          onInput={setMoved}
          onChange={(chosen) => {
            change({ depth: chosen });
            setMoved(null);
          }}
        />
      </fieldset>
    </section>
  );
}

function depthText(depth: number): string {
  return depth === 0 ? texts.note.depthZero : texts.note.depthValue(depth);
}
