import type { JSX } from "preact";

/** Shows what is wrong with one field of a form. Renders nothing if the text is empty. */
export function FieldProblem({ text }: { text: string }): JSX.Element | null {
  return text ? (
    <p class="remark trouble" role="alert" dir="auto">
      {text}
    </p>
  ) : null;
}

/** Bring the first problem of a form into view, and focus its control. */
export function revealProblem(form: HTMLFormElement | null): void {
  const problem = form?.querySelector<HTMLElement>(".remark.trouble");
  if (!problem) return;
  const section = problem.closest("details");
  if (section) section.open = true;
  const control = problem.closest(".field")?.querySelector<HTMLElement>("input, textarea, select");
  control?.focus({ preventScroll: true });
  problem.scrollIntoView({ block: "center" });
}
