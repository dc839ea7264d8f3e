/** The texts of a character that are in its card. Folded: a character needs none of them. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import {
  CARD_FIELDS,
  type CardField,
  type CardTexts,
  MAX_GREETINGS,
  MAX_TEXT_CHARS,
  USED_CHARS,
  USED_GREETING_CHARS,
  countOf,
  lengthOf,
  savedPlace,
  withGreeting,
  withoutGreeting,
} from "../cards/card-texts";
import type { RequestFailed } from "../rest/problem";
import { formatNumber, texts } from "../texts";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";

interface Props {
  readonly value: CardTexts;
  readonly failure: RequestFailed | null;
  readonly onChange: (value: CardTexts) => void;
}

export function CardTextsFields({ value, failure, onChange }: Props): JSX.Element {
  /** The fields that are shown although they are empty. */
  const [opened, setOpened] = useState<readonly CardField[]>([]);
  /** The id of the field that was just added and takes the focus. */
  const [added, setAdded] = useState("");
  const problemOf = (field: string) => failure?.about(field, "card_texts") ?? "";
  const isRefused = failure?.fields.some(({ field }) => /^card(?:_texts)?\b/u.test(field)) ?? false;
  const shown = CARD_FIELDS.filter((field) => value[field] || opened.includes(field));
  const count = countOf(value);
  return (
    <details class="field folded card-texts" open={isRefused || undefined}>
      <summary>
        {texts.cardTexts.title}
        <span class="detail">{count === 0 ? texts.cardTexts.none : texts.cardTexts.count(count)}</span>
      </summary>
      <div class="form">
        <p class="detail">{texts.cardTexts.effect}</p>
        <FieldProblem text={failure?.about("card") ?? ""} />
        {shown.map((field) => (
          <TextField
            key={field}
            id={`card-${field}`}
            label={texts.cardTexts.fields[field]}
            effect={texts.cardTexts.effects[field]}
            value={value[field]}
            limit={texts.cardTexts.tooLong}
            used={USED_CHARS[field]}
            isNew={added === `card-${field}`}
            problem={problemOf(field)}
            onInput={(text) => {
              // It stays while the user empties it.
              if (!opened.includes(field)) setOpened([...opened, field]);
              onChange({ ...value, [field]: text });
            }}
          />
        ))}
        {value.greetings.map((greeting, at) => (
          <TextField
            // Greetings have no ids; only the last one is added, and the fields have no state of their own.
            key={`greeting-${at}`}
            id={`card-greeting-${at}`}
            label={texts.cardTexts.greeting(at + 1)}
            value={greeting}
            limit={texts.cardTexts.greetingTooLong}
            used={USED_GREETING_CHARS}
            isNew={added === `card-greeting-${at}`}
            problem={problemOf(`greetings.${savedPlace(value, at)}`)}
            onInput={(text) => onChange(withGreeting(value, at, text))}
            onRemove={() => onChange(withoutGreeting(value, at))}
          />
        ))}
        <FieldProblem text={problemOf("greetings")} />
        <div class="actions">
          {CARD_FIELDS.filter((field) => !shown.includes(field)).map((field) => (
            <AddButton
              key={field}
              text={texts.cardTexts.fields[field]}
              onClick={() => {
                setOpened([...opened, field]);
                setAdded(`card-${field}`);
              }}
            />
          ))}
          {value.greetings.length < MAX_GREETINGS && (
            <AddButton
              text={texts.cardTexts.addGreeting}
              onClick={() => {
                onChange({ ...value, greetings: [...value.greetings, ""] });
                setAdded(`card-greeting-${value.greetings.length}`);
              }}
            />
          )}
        </div>
      </div>
    </details>
  );
}

function AddButton({ text, onClick }: { text: string; onClick: () => void }): JSX.Element {
  return (
    <button type="button" aria-label={texts.cardTexts.add(text)} onClick={onClick}>
      <Icon name="plus" /> {text}
    </button>
  );
}

function TextField({
  id,
  label,
  effect = "",
  value,
  limit,
  used,
  isNew,
  problem,
  onInput,
  onRemove,
}: {
  id: string;
  label: string;
  effect?: string;
  value: string;
  /** Says that the text is longer than what is used of it. */
  limit: (length: string, used: string) => string;
  /** How many characters are used. */
  used: number;
  isNew: boolean;
  problem: string;
  onInput: (text: string) => void;
  onRemove?: () => void;
}): JSX.Element {
  const length = lengthOf(value);
  const remark = length > used ? limit(formatNumber(length), formatNumber(used)) : effect;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        ref={isNew ? focusOnce : null}
        id={id}
        rows={4}
        // A longer text came with the card: the browser would refuse to save it with the first change.
        {...(value.length <= MAX_TEXT_CHARS && { maxLength: MAX_TEXT_CHARS })}
        dir="auto"
        value={value}
        {...(remark && { "aria-describedby": `${id}-remark` })}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {remark && (
        <p class="detail" id={`${id}-remark`}>
          {remark}
        </p>
      )}
      <FieldProblem text={problem} />
      {onRemove && (
        <button type="button" class="link" aria-label={texts.cardTexts.remove(label)} onClick={onRemove}>
          {texts.character.remove}
        </button>
      )}
    </div>
  );
}

/** A function of its own: the same one is not called again while the field stays. */
function focusOnce(element: HTMLElement | null): void {
  element?.focus();
}
