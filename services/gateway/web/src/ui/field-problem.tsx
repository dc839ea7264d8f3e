import type { JSX } from "preact";

/** What is wrong with one field of a form; nothing if the text is empty. */
export function FieldProblem({ text }: { text: string }): JSX.Element | null {
  return text ? (
    <p class="remark trouble" role="alert" dir="auto">
      {text}
    </p>
  ) : null;
}
