/** Tokens and cost, as the model server reports them. Pure. */

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
  const parts: string[] = [];
  if (promptTokens !== null) parts.push(`${whole(promptTokens)} tokens read`);
  if (completionTokens !== null) {
    const unit = promptTokens === null ? " tokens" : "";
    const reasoning = reasoningTokens ? ` (${whole(reasoningTokens)} of them reasoning)` : "";
    parts.push(`${whole(completionTokens)}${unit} written${reasoning}`);
  } else if (reasoningTokens) parts.push(`${whole(reasoningTokens)} tokens of reasoning`);
  if (cost !== null) parts.push(`cost ${COST.format(cost)}`);
  return parts.join(", ");
}

const whole = (count: number): string => Math.round(count).toLocaleString("en");

/** Significant digits instead of decimal places, because the cost of one turn is often far below a cent. */
const COST = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
