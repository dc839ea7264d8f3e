/**
 * The steps of connecting a model server: choose a server, list its models, choose one, try it. Pure.
 *
 * Each request has a number. The answer to an older one is ignored: the user has changed the fields since.
 */

import type { FoundServer, Provider } from "../rest/model-api";
import type { RequestFailed } from "../rest/problem";

/** The id of the choice "other address". */
export const OTHER = "other";

export type Step = "server" | "listing" | "models" | "trying" | "connected";

export interface Trouble {
  readonly text: string;
  readonly field: "address" | "key" | "model" | "";
}

export interface Connecting {
  readonly step: Step;
  /** The number of the request in progress, or of the last one. */
  readonly request: number;
  /** The id of the chosen provider; `""` if none was chosen. */
  readonly provider: string;
  readonly address: string;
  readonly key: string;
  readonly models: readonly string[];
  readonly search: string;
  readonly model: string;
  readonly trouble: Trouble | null;
}

export const BEGINNING: Connecting = {
  step: "server",
  request: 0,
  provider: "",
  address: "",
  key: "",
  models: [],
  search: "",
  model: "",
  trouble: null,
};

export type ConnectingInput =
  | { on: "provider"; id: string; address: string }
  | { on: "address"; address: string }
  | { on: "key"; key: string }
  | { on: "list" }
  | { on: "listed"; request: number; address: string; models: readonly string[] }
  | { on: "search"; search: string }
  | { on: "model"; model: string }
  | { on: "try" }
  | { on: "connected"; request: number }
  | { on: "failed"; request: number; problem: RequestFailed };

export function connecting(state: Connecting, input: ConnectingInput): Connecting {
  switch (input.on) {
    case "provider":
      return { ...BEGINNING, request: state.request + 1, provider: input.id, address: input.address };
    case "address":
      return { ...atServer(state), address: input.address };
    case "key":
      return { ...atServer(state), key: input.key };
    case "list":
      return { ...atServer(state), step: "listing" };
    case "listed":
      return input.request === state.request && state.step === "listing" ? listed(state, input) : state;
    case "search":
      return { ...state, search: input.search };
    case "model":
      return { ...state, model: input.model, trouble: null };
    case "try":
      return { ...state, step: "trying", request: state.request + 1, trouble: null };
    case "connected":
      return input.request === state.request ? { ...BEGINNING, step: "connected", request: state.request } : state;
    case "failed":
      return input.request === state.request ? failed(state, input.problem) : state;
  }
}

/** The fields of the server have changed: its models must be listed again, and no answer is waited for. */
function atServer(state: Connecting): Connecting {
  return { ...state, step: "server", request: state.request + 1, models: [], search: "", model: "", trouble: null };
}

function listed(state: Connecting, { address, models }: { address: string; models: readonly string[] }): Connecting {
  return { ...state, step: "models", address, models, model: models.length === 1 ? (models[0] ?? "") : "" };
}

function failed(state: Connecting, problem: RequestFailed): Connecting {
  const field = (["address", "key", "model"] as const).find((name) => problem.about(name) !== "") ?? "";
  // After a failed trial the list stays, so that another model can be chosen.
  const step = state.step === "trying" && field !== "key" && field !== "address" ? "models" : "server";
  return { ...state, step, trouble: { text: problem.message, field } };
}

/** The models whose name has every word of the search, at most `most`, and how many there are in all. */
export function matching(models: readonly string[], search: string, most: number): { shown: string[]; count: number } {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  const found = models.filter((model) => words.every((word) => model.toLowerCase().includes(word)));
  return { shown: found.slice(0, most), count: found.length };
}

/** The choices: the known providers with their addresses. A program that was found has the address that answered. */
export function choices(providers: readonly Provider[], found: readonly FoundServer[]): readonly Choice[] {
  return providers.map((provider) => {
    const running = found.find((server) => server.provider === provider.id);
    return { ...provider, address: running?.address ?? provider.address, running };
  });
}

export interface Choice extends Provider {
  readonly running: FoundServer | undefined;
}

/** The host of an address, to name the server; the address itself if it is not a URL. */
export function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}
