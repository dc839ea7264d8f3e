/** Tokens and cost, as the model server reports them. Pure. */

import { formatNumber, texts } from "../texts";

export interface Usage {
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  /** Part of `completionTokens`. */
  readonly reasoningTokens: number | null;
  /** In the currency of the model server's account. */
  readonly cost: number | null;
}

/** Read the server's figures. Returns null if there are none. */
export function usageOf(figures: unknown): Usage | null {
  if (typeof figures !== "object" || figures === null) return null;
  const figure = (name: string): number | null => {
    const value = (figures as Record<string, unknown>)[name];
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
  };
  const usage = {
    promptTokens: figure("prompt_tokens"),
    completionTokens: figure("completion_tokens"),
    reasoningTokens: figure("reasoning_tokens"),
    cost: figure("cost"),
  };
  return Object.values(usage).some((value) => value !== null) ? usage : null;
}

/** The usage as a line of text: "1,200 tokens read, 340 written (200 of them reasoning), cost 0.0021". */
export function usageText({ promptTokens, completionTokens, reasoningTokens, cost }: Usage): string {
  const words = texts.inside;
  const parts: string[] = [];
  if (promptTokens !== null) parts.push(words.tokensRead(whole(promptTokens)));
  if (completionTokens !== null) {
    const count = whole(completionTokens);
    const written = promptTokens === null ? words.tokensWritten(count) : words.written(count);
    parts.push(reasoningTokens ? `${written} ${words.ofThemReasoning(whole(reasoningTokens))}` : written);
  } else if (reasoningTokens) parts.push(words.tokensReasoning(whole(reasoningTokens)));
  if (cost !== null) parts.push(words.cost(formatNumber(cost, COST)));
  return parts.join(", ");
}

const whole = (count: number): string => formatNumber(Math.round(count));

/** Significant digits instead of decimal places, because the cost of one turn is often far below a cent. */
const COST: Intl.NumberFormatOptions = { maximumSignificantDigits: 3 };
