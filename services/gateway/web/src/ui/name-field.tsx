/** What the characters call the user, with a field to change it. */

import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { USER_NAME_MAX, nameProblem, shownName } from "../talk/user-name";
import { texts } from "../texts";
import { FieldProblem } from "./field-problem";
import { Fill } from "./fill";
import { Notices } from "./notices";

/** @param asks show the field at once, if the user was never asked for a name */
export function NameField({ talk, asks }: { talk: Talk; asks: boolean }): JSX.Element | null {
  const { userName: remembered, userNameAsked } = talk.preferences.value;
  const [open, setOpen] = useState(false);
  const changer = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const isKnown = talk.state.value.userName.defaultName !== "";
  const name = isKnown ? shownName(talk.state.value, remembered) : "";
  const isAsking = asks && !userNameAsked;
  useLayoutEffect(() => {
    if (wasOpen.current && !open) changer.current?.focus();
    wasOpen.current = open;
  }, [open]);
  if (!name) return null;
  return (
    <div class="user-name">
      {open || isAsking ? (
        <NameForm
          talk={talk}
          name={name}
          question={isAsking ? texts.userName.question : texts.userName.label}
          takesFocus={open}
          onDone={() => setOpen(false)}
          onCancel={() => {
            setOpen(false);
            if (isAsking) talk.prefer({ userNameAsked: true });
          }}
        />
      ) : (
        <p>
          <Fill text={texts.userName.shown}>
            <bdi dir="auto">{name}</bdi>
          </Fill>{" "}
          <button
            type="button"
            ref={changer}
            class="quiet link"
            aria-label={texts.userName.changeLabel}
            onClick={() => setOpen(true)}
          >
            {texts.userName.change}
          </button>
        </p>
      )}
      <Notices talk={talk} place="name" />
    </div>
  );
}

interface FormProps {
  readonly talk: Talk;
  readonly name: string;
  readonly question: string;
  readonly takesFocus: boolean;
  readonly onDone: () => void;
  readonly onCancel: () => void;
}

function NameForm({ talk, name, question, takesFocus, onDone, onCancel }: FormProps): JSX.Element {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState("");
  useLayoutEffect(() => {
    if (takesFocus) input.current?.select();
  }, []);
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const given = input.current?.value ?? "";
    const found = nameProblem(given, talk.state.value.characters) || (talk.changes.name(given.trim()) ? "" : texts.userName.lost);
    setProblem(found);
    if (found === "") onDone();
    else input.current?.focus();
  };
  return (
    <form onSubmit={save}>
      <label for={id}>{question}</label>
      <input
        ref={input}
        id={id}
        dir="auto"
        autocomplete="off"
        maxLength={USER_NAME_MAX}
        defaultValue={name}
        aria-invalid={problem !== ""}
        aria-describedby={problem ? `${id}-problem` : undefined}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          // Esc closes only this field, and interrupts no one.
          event.preventDefault();
          event.stopPropagation();
          onCancel();
        }}
      />
      <button type="submit" class="primary">
        {texts.userName.save}
      </button>
      <button type="button" class="quiet link" onClick={onCancel}>
        {takesFocus ? texts.userName.cancel : texts.userName.skip}
      </button>
      <div id={`${id}-problem`} class="whole">
        <FieldProblem text={problem} />
      </div>
    </form>
  );
}
