/** Loads the list of conversations page by page, and again for each text that is looked for. */

import { useEffect, useRef, useState } from "preact/hooks";

import type { Api, ConversationRow } from "../rest/api";
import { afterPatience, asFailure } from "./request";

/** How long the user must not have typed before the search begins. */
const TYPING_MS = 200;

export interface ConversationList {
  /** Null until the first page is loaded. */
  readonly rows: readonly ConversationRow[] | null;
  readonly hasMore: boolean;
  readonly problem: string;
  more(): void;
  reload(): void;
  failed(error: unknown): void;
}

export function useConversationList(api: Pick<Api, "conversations">, search: string): ConversationList {
  const [rows, setRows] = useState<readonly ConversationRow[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const failed = (error: unknown) => setProblem(asFailure(error).message);
  const round = useRef(0);
  /** The page that is being loaded; a second click must not load it twice. */
  const asked = useRef<string | null>(null);
  const load = (before: string | null) => {
    if (before !== null && before === asked.current) return;
    asked.current = before;
    if (before === null) round.current += 1;
    const mine = round.current;
    const stop = afterPatience((late) => round.current === mine && setProblem(late.message));
    api.conversations(before, search).finally(() => {
      stop();
      if (round.current === mine) asked.current = null;
    }).then((page) => {
      if (round.current !== mine) return; // the list was loaded again meanwhile, so this page of the old list is not used
      setRows((known) => (before ? [...(known ?? []), ...page.items] : page.items));
      setNext(page.next);
      setProblem("");
    }, failed);
  };
  useEffect(() => {
    const timer = setTimeout(() => load(null), search ? TYPING_MS : 0);
    return () => clearTimeout(timer);
  }, [search]);
  return { rows, hasMore: next !== null, problem, more: () => load(next), reload: () => load(null), failed };
}
