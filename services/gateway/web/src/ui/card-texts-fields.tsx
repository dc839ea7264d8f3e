/** The texts of a character that are in its card. Folded: a character needs none of them. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

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
  /** Called with the texts that the user changes. */
  readonly onChange: (changed: Partial<CardTexts>) => void;
}

const ADD_GREETING = "card-add-greeting";

export function CardTextsFields({ value, failure, onChange }: Props): JSX.Element {
  /** The fields that are shown although they are empty. */
  const [opened, setOpened] = useState<readonly CardField[]>([]);
  /** The id of the element that takes the focus, after a field was added or removed. */
  const [focused, setFocused] = useState({ id: "" });
  useEffect(() => {
    if (focused.id) document.getElementById(focused.id)?.focus();
  }, [focused]);
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
            problem={problemOf(field)}
            onInput={(text) => {
              // It stays while the user empties it.
              if (!opened.includes(field)) setOpened([...opened, field]);
              onChange({ [field]: text });
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
            problem={problemOf(`greetings.${savedPlace(value, at)}`)}
            onInput={(text) => onChange(withGreeting(value, at, text))}
            onRemove={() => {
              onChange(withoutGreeting(value, at));
              const left = value.greetings.length - 1;
              setFocused({ id: left > 0 ? `card-greeting-${Math.min(at, left - 1)}` : ADD_GREETING });
            }}
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
                setFocused({ id: `card-${field}` });
              }}
            />
          ))}
          {value.greetings.length < MAX_GREETINGS && (
            <AddButton
              id={ADD_GREETING}
              text={texts.cardTexts.addGreeting}
              onClick={() => {
                onChange({ greetings: [...value.greetings, ""] });
                setFocused({ id: `card-greeting-${value.greetings.length}` });
              }}
            />
          )}
        </div>
      </div>
    </details>
  );
}

function AddButton({ id, text, onClick }: { id?: string; text: string; onClick: () => void }): JSX.Element {
  return (
    <button type="button" {...(id && { id })} aria-label={texts.cardTexts.add(text)} onClick={onClick}>
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
