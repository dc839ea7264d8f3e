/** Deletes rows a few seconds after the user has asked for it, so that the user can undo it. */

import { useEffect, useRef, useState } from "preact/hooks";

const UNDO_MS = 8_000;

export interface Deletions {
  readonly waiting: ReadonlySet<string>;
  begin(id: string): void;
  undo(id: string): void;
}

/** @param act deletes a row; it is called after `UNDO_MS`, or when the panel or the page is closed */
export function useDeletions(act: (id: string) => void): Deletions {
  const [waiting, setWaiting] = useState<ReadonlySet<string>>(new Set());
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  const latestAct = useRef(act);
  latestAct.current = act;
  const forget = (id: string) => {
    clearTimeout(timers.current.get(id));
    timers.current.delete(id);
    setWaiting(new Set(timers.current.keys()));
  };
  const carryOut = (id: string) => {
    forget(id);
    latestAct.current(id);
  };
  useEffect(() => {
    const all = () => {
      for (const id of timers.current.keys()) carryOut(id);
    };
    addEventListener("pagehide", all);
    return () => {
      removeEventListener("pagehide", all);
      all();
    };
  }, []);
  return {
    waiting,
    begin: (id) => {
      timers.current.set(
        id,
        setTimeout(() => carryOut(id), UNDO_MS),
      );
      setWaiting(new Set(timers.current.keys()));
    },
    undo: forget,
  };
}
