/** The states of an AudioContext. `interrupted` is Safari's: a call or another app has the sound. */
export type ContextState = "running" | "suspended" | "interrupted" | "closed";
