import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { readProblem } from "../src/rest/problem";
import { type Stored, StoredLoader } from "../src/talk/stored-loader";

const page = (...ids: string[]) => ({
  messages: ids.map((id) => ({
    id,
    turn_id: id,
    role: "user",
    character_id: null,
    character_name: "Jay",
    text: id,
    status: "complete",
    versions: id === "new" ? ["old", "new"] : [],
  })),
  next: null,
});

/** @param answers what the server answers, one after the other; the last one again and again */
function begun(...answers: unknown[]) {
  const seen = { asked: 0, loaded: [] as Stored[], reloaded: [] as Stored[], problems: [] as string[], loading: [] as boolean[], open: "c" };
  const ask = () => {
    const answer = answers[Math.min(seen.asked++, answers.length - 1)];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const loader = new StoredLoader(
    { ask },
    {
      open: () => seen.open,
      loading: (isLoading) => seen.loading.push(isLoading),
      loaded: (stored) => seen.loaded.push(stored),
      reloaded: (stored) => seen.reloaded.push(stored),
      trouble: (problem) => seen.problems.push(problem),
    },
  );
  return { loader, seen };
}

describe("StoredLoader", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("loads a conversation once, with the versions of its messages", async () => {
    const { loader, seen } = begun(page("a", "new"));
    await loader.load("c");
    await loader.load("c");
    expect(seen.asked).toBe(1);
    expect(seen.loading).toEqual([true, false]);
    expect(seen.loaded).toMatchObject([{ conversationId: "c", messages: [{ id: "a" }, { id: "new" }], versions: [["old", "new"]] }]);
  });

  it("loads again until the store has the chosen message", async () => {
    const { loader, seen } = begun(page("a", "old"), page("a", "old"), page("a", "new"));
    await loader.reload("c", "new");
    expect(seen.reloaded).toEqual([]);
    await vi.runAllTimersAsync();
    expect(seen.reloaded).toMatchObject([{ messages: [{ id: "a" }, { id: "new" }] }]);
    expect(seen.asked).toBe(3);
  });

  it("gives up after a few times, and shows what the store has", async () => {
    const { loader, seen } = begun(page("a", "old"));
    await loader.reload("c", "new");
    await vi.runAllTimersAsync();
    expect([seen.asked, seen.reloaded.length]).toEqual([5, 1]);
  });

  it("stops when another conversation is opened, and says why it failed", async () => {
    const { loader, seen } = begun(page("a"));
    seen.open = "another";
    await loader.reload("c", "new");
    expect(seen.asked).toBe(0);
    const failing = begun(readProblem(503, { detail: "The store is away." }));
    await failing.loader.reload("c", "new");
    expect(failing.seen.problems).toEqual([expect.stringContaining("The store is away.")]);
  });
});
