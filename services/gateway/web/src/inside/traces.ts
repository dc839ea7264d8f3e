/** The timings of the last turns: the server's `turn_metrics`, and the page's own measurements. Pure. */

import type { Message, Reply } from "../talk/page-state";

export interface Trace {
  readonly turnId: string;
  /** The user's message; `""` if the turn was requested without a message. */
  readonly said: string;
  /** Why the characters answered, as the server says it, by message id. */
  readonly reasons: ReadonlyMap<string, string>;
  /** The entries of lorebooks in the prompts, by message id. */
  readonly lore: ReadonlyMap<string, Lore>;
  readonly metrics: Record<string, unknown>;
  /**
   * Ms from the moment when the user sent a message, or stopped speaking, to the first sample that was played; null if
   * no sound was played.
   */
  readonly heardAfterMs: number | null;
}

/** Names of entries of lorebooks. */
export interface Lore {
  readonly used: readonly string[];
  /** Those that did not fit into the prompt. */
  readonly leftOut: readonly string[];
}

const KEPT = 20;
const LORE_KEPT = 200;

/** The entries of the last prompts, and those of one more. */
export function withLore(lore: ReadonlyMap<string, Lore>, messageId: string, one: Lore): ReadonlyMap<string, Lore> {
  const others = [...lore].filter(([id]) => id !== messageId);
  return new Map([...others.slice(1 - LORE_KEPT), [messageId, one]]);
}

export function withMetrics(
  traces: readonly Trace[],
  messages: readonly Message[],
  turnId: string,
  metrics: Record<string, unknown>,
  heardAfterMs: number | null,
  allLore: ReadonlyMap<string, Lore> = new Map(),
): readonly Trace[] {
  const said = messages.findLast((message) => message.id === turnId)?.text ?? "";
  const replies = messages.filter((message) => message.kind === "reply" && message.turnId === turnId) as Reply[];
  const reasons = new Map(replies.map(({ id, reason }) => [id, reason]));
  const lore = new Map([...allLore].filter(([id]) => reasons.has(id)));
  const others = traces.filter((trace) => trace.turnId !== turnId);
  return [{ turnId, said, reasons, lore, metrics, heardAfterMs }, ...others].slice(0, KEPT);
}

/** Add the time of the first sound to a trace whose metrics arrived earlier. */
export function withFirstSound(traces: readonly Trace[], { turnId, afterMs }: FirstSound): readonly Trace[] {
  return traces.map((trace) => (trace.turnId === turnId ? { ...trace, heardAfterMs: afterMs } : trace));
}

export interface FirstSound {
  readonly turnId: string;
  readonly afterMs: number;
}

/** Measures, for each turn, the time from the user's last word to the first sound. */
export class Stopwatch {
  #from: number | null = null;
  #turnId = "";
  #heard = new Map<string, number>();

  /** Start measuring: the user sent a message or stopped speaking. */
  userDone(nowMs: number): void {
    this.#from = nowMs;
  }

  turn(turnId: string): void {
    this.#turnId = turnId;
  }

  /** Stop measuring. Returns null if this is not the first sound, or if no turn has started. */
  firstSound(nowMs: number): FirstSound | null {
    if (this.#from === null || this.#turnId === "") return null;
    const first = { turnId: this.#turnId, afterMs: Math.round(nowMs - this.#from) };
    this.#heard.set(first.turnId, first.afterMs);
    this.#from = null;
    for (const oldest of this.#heard.keys()) {
      if (this.#heard.size <= KEPT) break;
      this.#heard.delete(oldest);
    }
    return first;
  }

  heardAfterMs(turnId: string): number | null {
    return this.#heard.get(turnId) ?? null;
  }
}
