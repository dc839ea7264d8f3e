/** The states of an AudioContext. Only Safari has `interrupted`: a call or another app uses the sound. */
export type ContextState = "running" | "suspended" | "interrupted" | "closed";
