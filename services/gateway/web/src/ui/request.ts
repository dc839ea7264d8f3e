/** The state of a request that a component has made: loading, loaded, or failed with a reason to show. */

import { useCallback, useEffect, useState } from "preact/hooks";

import { RequestFailed, unreachable } from "../rest/problem";

/** A server that is there answers within this time. One that is frozen or cut off would leave an empty list. */
const PATIENCE_MS = 10_000;

export interface Loaded<T> {
  readonly value: T | null;
  readonly problem: RequestFailed | null;
  reload(): void;
  /** Show this value, which the server has just confirmed, until the next answer. */
  put(value: T): void;
}

/** Load on mount, and again on `reload` and when `of` changes. The old value is shown until the new one arrives. */
export function useLoaded<T>(load: () => Promise<T>, of = ""): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<RequestFailed | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let gone = false;
    const stop = afterPatience(setProblem);
    load().finally(stop).then(
      (loaded) => {
        if (gone) return;
        setValue(loaded);
        setProblem(null);
      },
      (error: unknown) => {
        if (!gone) setProblem(asFailure(error));
      },
    );
    return () => {
      gone = true;
      stop();
    };
  }, [round, of]);
  const reload = useCallback(() => setRound((each) => each + 1), []);
  return { value, problem, reload, put: setValue };
}

/**
 * Report the server as unreachable if it takes too long. The request goes on: a late answer is still used. Returns a
 * function that ends the wait.
 */
export function afterPatience(onProblem: (problem: RequestFailed) => void): () => void {
  const timer = setTimeout(() => onProblem(unreachable()), PATIENCE_MS);
  return () => clearTimeout(timer);
}

/** Return the error if it is a `RequestFailed`. Any other error is a bug in the page and is thrown again. */
export function asFailure(error: unknown): RequestFailed {
  if (error instanceof RequestFailed) return error;
  throw error;
}
