/** Everything that can happen to a microphone, in every order. */

import { describe, expect, it } from "vitest";

import type { ListeningInput } from "../src/talk/listening-state";
import { ListeningRun, TICK_MS, listening } from "./listening-run";

type Event = readonly [string, (run: ListeningRun) => void];

const inputs =
  (...list: readonly ListeningInput[]) =>
  (run: ListeningRun) =>
    void run.input(...list);

/** Events of a microphone. A device that was lost is replaced when the run waits. */
const EVENTS: readonly Event[] = [
  ["suspended", inputs({ on: "context", state: "suspended" })],
  ["hidden", inputs({ on: "hidden", hidden: true })],
  ["unplugged", inputs({ on: "ended" })],
  ["forbidden", inputs({ on: "permission", permission: "denied" })],
  ["asleep", (run) => void run.sleep(30_000)],
  ["session ended", (run) => void run.input({ on: "session_stopped", id: run.sessionId, cause: "idle" })],
];

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item].concat(rest)),
  );
}

/** Check what always holds. */
function check(run: ListeningRun): void {
  const { device, context, muted, flow, session, wanted, live } = run.state;
  if (run.view === "listening") {
    expect({ device, context, muted, flow, session, wanted, live }).toEqual({
      device: "open",
      context: "running",
      muted: false,
      flow: "arriving",
      session: "ready",
      wanted: true,
      live: true,
    });
  }
  if (run.view === "off") expect(session).toBe("none");
  expect(run.view === "paused").toBe(run.pause !== "");
  const opens = run.count("open") - run.count("close");
  // An open that has failed needs no close.
  expect(opens - run.failedOpens).toBe(device === "closed" ? 0 : 1);
}

/** Remove all problems: the device can be opened, the context runs, the server answers. */
function recover(run: ListeningRun): void {
  run.input({ on: "hidden", hidden: false }, { on: "muted", muted: false });
  for (let n = 0; n < 3; n += 1) {
    if (run.state.device === "opening") run.opened();
    run.input({ on: "context", state: "running" });
    if (!run.state.live) run.input({ on: "live" });
    run.wait(9_000);
    if (run.state.session === "asked") run.served();
  }
}

/** The run after these events in this order, and after the removal of all problems. Checks each state. */
function recovered(order: readonly Event[]): ListeningRun {
  const run = listening();
  for (const [, happens] of order) {
    happens(run);
    check(run);
    run.wait(TICK_MS);
    check(run);
  }
  recover(run);
  return run;
}

/** Every order of the events, with its title. */
const orders = (events: readonly Event[]): (readonly [string, readonly Event[]])[] =>
  permutations(events).map((order) => [order.map(([name]) => name).join(", "), order]);

describe("in every order of suspended, hidden, unplugged, forbidden, asleep and session ended", () => {
  it.each(orders(EVENTS))(
    "%s: the microphone is off with a reason, because it is forbidden",
    (_, order) => {
      const run = recovered(order);
      expect([run.view, run.state.device, run.told.length]).toEqual(["off", "closed", 1]);
    },
  );

  const allowed = EVENTS.filter(([name]) => name !== "forbidden");
  it.each(orders(allowed))(
    "%s: the page listens again afterwards",
    (_, order) => {
      const run = recovered(order);
      expect([run.view, run.told]).toEqual(["listening", []]);
      check(run);
    },
  );
});

/** A small generator of pseudo-random numbers (mulberry32), so that a failure can be repeated. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const STEPS: readonly ((run: ListeningRun) => void)[] = [
  ...EVENTS.map(([, happens]) => happens),
  inputs({ on: "start" }),
  inputs({ on: "start" }),
  inputs({ on: "stop", keepWarm: true }),
  inputs({ on: "stop", keepWarm: false }),
  inputs({ on: "context", state: "running" }),
  inputs({ on: "context", state: "interrupted" }),
  inputs({ on: "muted", muted: true }),
  inputs({ on: "muted", muted: false }),
  inputs({ on: "permission", permission: "granted" }),
  inputs({ on: "live" }),
  inputs({ on: "connection_lost" }),
  inputs({ on: "pcm_refused" }),
  inputs({ on: "gesture" }),
  (run) => void (run.delivers = !run.delivers),
  (run) => void run.wait(TICK_MS),
  (run) => void run.wait(2_000),
  (run) => void run.wait(10_000),
  (run) => run.state.session === "asked" && run.served(),
  (run) => run.state.session === "asked" && run.served(),
  (run) => run.state.device === "opening" && run.opened(),
  (run) => run.state.device === "opening" && run.opened(),
  (run) => run.state.device === "opening" && run.fail(),
];

it("never shows listening without sound and a session, after any sequence of events", () => {
  let listened = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = randomOf(seed);
    const run = listening();
    for (let n = 0; n < 60; n += 1) {
      STEPS[Math.floor(random() * STEPS.length)]?.(run);
      check(run);
      if (run.view === "listening") listened += 1;
    }
    run.input({ on: "stop", keepWarm: false });
    if (run.state.device === "opening") run.opened();
    expect([seed, run.state.device, run.state.session]).toEqual([seed, "closed", "none"]);
    run.input({ on: "permission", permission: "granted" }, { on: "live" }, { on: "start" });
    run.delivers = true;
    recover(run);
    expect([seed, run.view]).toEqual([seed, "listening"]);
  }
  expect(listened).toBeGreaterThan(300);
});
