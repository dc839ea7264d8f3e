/** The timings of the last turns: the server's `turn_metrics`, and the page's own measurements. Pure. */

import type { Message, Reply } from "../talk/page-state";

export interface Trace {
  readonly turnId: string;
  /** The user's message; `""` if the turn was requested without a message. */
  readonly said: string;
  /** Why the characters answered, as the server says it, by message id. */
  readonly reasons: ReadonlyMap<string, string>;
  readonly metrics: Record<string, unknown>;
  /**
   * Ms from the moment when the user sent a message, or stopped speaking, to the first sample that was played; null if
   * no sound was played.
   */
  readonly heardAfterMs: number | null;
}

const KEPT = 20;

export function withMetrics(
  traces: readonly Trace[],
  messages: readonly Message[],
  turnId: string,
  metrics: Record<string, unknown>,
  heardAfterMs: number | null,
): readonly Trace[] {
  const said = messages.findLast((message) => message.id === turnId)?.text ?? "";
  const replies = messages.filter((message) => message.kind === "reply" && message.turnId === turnId) as Reply[];
  const reasons = new Map(replies.map(({ id, reason }) => [id, reason]));
  const others = traces.filter((trace) => trace.turnId !== turnId);
  return [{ turnId, said, reasons, metrics, heardAfterMs }, ...others].slice(0, KEPT);
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
