/**
 * What the user has entered into a form. It is kept as long as the page is open, until it is saved or discarded: Esc or
 * a click beside the panel must not lose it.
 */

import { useState } from "preact/hooks";

export interface FormDraft<Fields> {
  readonly draft: Fields;
  /** True if the form was closed with this input before. */
  readonly isRestored: boolean;
  change(part: Partial<Fields>): void;
  /** Return to what is saved. */
  discard(): void;
  /** The input is saved, or what it belongs to is removed. */
  forget(): void;
}

/** For each form, the fields that the user has changed. */
const kept = new Map<string, object>();

/**
 * @param key names what the form changes, such as `persona:ID`; two forms with the same key share their input
 * @param saved what is saved; the form shows it in the fields that the user has not changed, also if it arrives later
 * @param imported what a new form begins with instead; it replaces what was entered before
 */
export function useFormDraft<Fields extends object>(
  key: string,
  saved: Fields,
  imported: Fields | null = null,
): FormDraft<Fields> {
  const [isRestored, setRestored] = useState(() => imported === null && kept.has(key));
  const [changes, setChanges] = useState<Partial<Fields>>(() => {
    if (imported) kept.set(key, imported);
    // Only forms of the same type have the same key.
    return (kept.get(key) as Partial<Fields> | undefined) ?? {};
  });
  return {
    draft: { ...saved, ...changes },
    isRestored,
    change: (part) =>
      setChanges((before) => {
        const after = { ...before, ...part };
        kept.set(key, after);
        return after;
      }),
    discard: () => {
      kept.delete(key);
      setChanges({});
      setRestored(false);
    },
    forget: () => void kept.delete(key),
  };
}
