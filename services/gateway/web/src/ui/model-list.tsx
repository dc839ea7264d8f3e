/** A server's models: a search field, and the models whose names match. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { type Connecting, type ConnectingInput, matching } from "../model/connecting";

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
  useEffect(() => field.current?.focus(), []);
  return (
    <fieldset class="models">
      <legend>Which model?</legend>
      {models.length === 0 && <p class="remark">This server lists no model. Load one there, or type its name.</p>}
      <label class="unseen" for="model-search">
        Search the models
      </label>
      <input
        ref={field}
        id="model-search"
        type="search"
        maxLength={200}
        value={search}
        placeholder={models.length > 0 ? `Search ${models.length === 1 ? "1 model" : `${models.length} models`}` : "Name"}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => put({ on: "search", search: event.currentTarget.value })}
      />
      <div class="model-list" tabIndex={-1}>
        {shown.map((name) => (
          <Row key={name} name={name} label={name} checked={name === model} put={put} />
        ))}
        {typed !== "" && !models.includes(typed) && (
          <Row key="as-typed" name={typed} label={`Use “${typed}” as typed`} checked={typed === model} put={put} />
        )}
      </div>
      <p class="detail" role="status">
        {count > shown.length ? `${count - shown.length} more: type a part of the name.` : ""}
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
