/** A server's models: a search field, and the models whose names match. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { type Connecting, type ConnectingInput, matching } from "../model/connecting";
import { texts } from "../texts";

const MOST_SHOWN = 60;

export function ModelList({
  state,
  put,
}: {
  state: Connecting;
  put: (input: ConnectingInput) => void;
}): JSX.Element {
  const { models, search, model } = state;
  const { shown, count } = matching(models, search, MOST_SHOWN);
  const typed = search.trim();
  const field = useRef<HTMLInputElement>(null);
  // Before the user can press a key: a later focus would take it from another control.
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <fieldset class="models">
      <legend>{texts.connect.which}</legend>
      {models.length === 0 && <p class="remark">{texts.connect.noModels}</p>}
      <label class="unseen" for="model-search">
        {texts.connect.searchLabel}
      </label>
      <input
        ref={field}
        id="model-search"
        type="search"
        maxLength={200}
        value={search}
        placeholder={models.length > 0 ? texts.connect.search(models.length) : texts.connect.name}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => put({ on: "search", search: event.currentTarget.value })}
      />
      <div class="model-list" tabIndex={-1}>
        {shown.map((name) => (
          <Row key={name} name={name} label={name} checked={name === model} put={put} />
        ))}
        {typed !== "" && !models.includes(typed) && (
          <Row key="as-typed" name={typed} label={texts.connect.asTyped(typed)} checked={typed === model} put={put} />
        )}
      </div>
      <p class="detail" role="status">
        {count > shown.length ? texts.connect.more(count - shown.length) : ""}
      </p>
    </fieldset>
  );
}

function Row({
  name,
  label,
  checked,
  put,
}: {
  name: string;
  label: string;
  checked: boolean;
  put: (input: ConnectingInput) => void;
}): JSX.Element {
  return (
    <label class={`model-row ${checked ? "chosen" : ""}`}>
      <input type="radio" name="model" checked={checked} onChange={() => put({ on: "model", model: name })} />
      <span>{label}</span>
    </label>
  );
}
