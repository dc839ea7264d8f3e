import type { JSX } from "preact";

/** Shows what is wrong with one field of a form. Renders nothing if the text is empty. */
export function FieldProblem({ text }: { text: string }): JSX.Element | null {
  return text ? (
    <p class="remark trouble" role="alert" dir="auto">
      {text}
    </p>
  ) : null;
}
