/** The steps of connecting a model server. */

import { describe, expect, test } from "vitest";

import {
  BEGINNING,
  choices,
  type Connecting,
  connecting,
  type ConnectingInput,
  hostOf,
  matching,
} from "../src/model/connecting";
import type { FoundServer, Provider } from "../src/rest/model-api";
import { RequestFailed } from "../src/rest/problem";

const ADDRESS = "https://openrouter.ai/api/v1";

function after(...inputs: ConnectingInput[]): Connecting {
  return inputs.reduce(connecting, BEGINNING);
}

/** The inputs up to the list of models. The first request is the choice of the provider. */
const LISTED: ConnectingInput[] = [
  { on: "provider", id: "openrouter", address: ADDRESS },
  { on: "key", key: "sk-or-1" },
  { on: "list" },
  { on: "listed", request: 3, address: ADDRESS, models: ["a/one", "b/two"] },
];

function refusal(field: string): RequestFailed {
  return new RequestFailed(422, "It does not work.", field ? [{ field, detail: "It does not work." }] : []);
}

describe("connecting a model server", () => {
  test("goes from the server to its models", () => {
    expect(after(...LISTED)).toMatchObject({ step: "models", models: ["a/one", "b/two"], model: "", key: "sk-or-1" });
  });

  test("chooses the only model of a server", () => {
    const listed: ConnectingInput = { on: "listed", request: 3, address: ADDRESS, models: ["a/one"] };
    expect(after(...LISTED.slice(0, 3), listed).model).toBe("a/one");
  });

  test("takes the corrected address of the API", () => {
    const listed: ConnectingInput = { on: "listed", request: 3, address: `${ADDRESS}/v1`, models: ["a/one"] };
    expect(after(...LISTED.slice(0, 3), listed).address).toBe(`${ADDRESS}/v1`);
  });

  test("ignores the list of a server whose address was changed since", () => {
    const late: ConnectingInput = { on: "listed", request: 3, address: ADDRESS, models: ["a/one"] };
    const state = after(...LISTED.slice(0, 3), { on: "address", address: "http://other/v1" }, late);
    expect(state).toMatchObject({ step: "server", address: "http://other/v1", models: [] });
  });

  test("ignores the failure of an older request", () => {
    const late: ConnectingInput = { on: "failed", request: 3, problem: refusal("key") };
    expect(after(...LISTED.slice(0, 3), { on: "key", key: "sk-or-2" }, late).trouble).toBeNull();
  });

  test("forgets the key when another server is chosen, and when it is connected", () => {
    expect(after(...LISTED, { on: "provider", id: "ollama", address: "http://127.0.0.1:11434/v1" }).key).toBe("");
    const connected = after(...LISTED, { on: "model", model: "a/one" }, { on: "try" }, { on: "connected", request: 4 });
    expect(connected).toMatchObject({ step: "connected", key: "" });
  });

  test("keeps the list when the model failed, and goes back to the server when the key did", () => {
    const tried: ConnectingInput[] = [...LISTED, { on: "model", model: "a/one" }, { on: "try" }];
    const failed = (field: string): Connecting => after(...tried, { on: "failed", request: 4, problem: refusal(field) });
    expect(failed("model")).toMatchObject({ step: "models", models: ["a/one", "b/two"] });
    expect(failed("")).toMatchObject({ step: "models", trouble: { text: "It does not work.", field: "" } });
    expect(failed("key")).toMatchObject({ step: "server", trouble: { field: "key" } });
  });
});

describe("the search in a list of models", () => {
  const models = ["meta/llama-3.2-3b", "meta/llama-3.3-70b", "mistral/small"];

  test("finds the names that have every word", () => {
    expect(matching(models, "Llama 70B", 10)).toEqual({ shown: ["meta/llama-3.3-70b"], count: 1 });
    expect(matching(models, "  ", 10).count).toBe(3);
  });

  test("shows at most a number of them, and counts all", () => {
    expect(matching(models, "llama", 1)).toEqual({ shown: ["meta/llama-3.2-3b"], count: 2 });
  });
});

test("a program that was found has the address that answered", () => {
  const ollama: Provider = {
    id: "ollama", name: "Ollama", address: "http://host.docker.internal:11434/v1", needs_key: false, keys_page: "",
    is_local: true,
  };
  const found: FoundServer = { provider: "ollama", name: "Ollama", address: "http://127.0.0.1:11434/v1", models: [], count: 0 };
  expect(choices([ollama], [found])[0]).toMatchObject({ address: found.address, running: found });
  expect(choices([ollama], [])[0]).toMatchObject({ address: ollama.address, running: undefined });
});

test("a server is named by its host", () => {
  expect(hostOf(ADDRESS)).toBe("openrouter.ai");
  expect(hostOf("not yet")).toBe("not yet");
});
