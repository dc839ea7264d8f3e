/** The user starts and stops listening; the sound is blocked for a while. */

import { describe, expect, it } from "vitest";

import { LONGEST_PAUSE_MS, PAUSE_ENDS_SESSION_MS, WARM_MS } from "../src/talk/listening-machine";
import type { ListeningInput } from "../src/talk/listening-state";
import { en } from "../src/texts/en";
import { ListeningRun, TICK_MS, listening } from "./listening-run";

describe("starting to listen", () => {
  it("opens the device, and begins a session with the first frame", () => {
    const run = new ListeningRun().input({ on: "live" }, { on: "start" });
    expect([run.view, run.done]).toEqual(["opening", ["open"]]);
    run.input({ on: "opened", label: "", context: "suspended", muted: false });
    expect([run.view, run.done]).toEqual(["starting", ["open", "resume"]]);
    run.input({ on: "context", state: "running" }).wait(TICK_MS);
    expect([run.view, run.done]).toEqual(["starting", ["open", "resume", "start_session"]]);
    run.served();
    expect(run.view).toBe("listening");
  });

  it("waits for the connection", () => {
    const run = new ListeningRun().input({ on: "start" }).opened().wait(1_000);
    expect([run.view, run.done]).toEqual(["starting", ["open"]]);
    run.input({ on: "live" }).served();
    expect(run.view).toBe("listening");
  });

  it("is off with a reason if the device cannot be opened", () => {
    const run = new ListeningRun().input({ on: "live" }, { on: "start" }, { on: "open_failed", problem: "No device." });
    expect([run.view, run.told]).toEqual(["off", ["No device."]]);
    run.input({ on: "start" });
    expect(run.done).toEqual(["open", "open"]);
  });

  it("closes a device that is opened after the user has stopped", () => {
    const run = new ListeningRun().input({ on: "live" }, { on: "start" }, { on: "stop", keepWarm: false }).opened();
    expect([run.view, run.done]).toEqual(["off", ["open", "close"]]);
  });

  it("does not open a second device if the user presses the button again meanwhile", () => {
    const run = new ListeningRun().input(
      { on: "live" },
      { on: "start" },
      { on: "stop", keepWarm: true },
      { on: "start" },
    );
    run.opened().served();
    expect([run.view, run.done]).toEqual(["listening", ["open", "start_session"]]);
  });
});

describe("push-to-talk", () => {
  it("keeps the device open for the next press, and closes it later", () => {
    const run = listening().input({ on: "stop", keepWarm: true });
    expect([run.view, run.done]).toEqual(["off", ["open", "start_session", "stop_session"]]);
    run.wait(WARM_MS / 2).input({ on: "start" }).served();
    expect([run.view, run.done.at(-1)]).toEqual(["listening", "start_session"]);
    run.input({ on: "stop", keepWarm: true }).wait(WARM_MS + TICK_MS);
    expect([run.done.at(-1), run.state.device]).toEqual(["close", "closed"]);
  });

  it.each<[string, ListeningInput]>([
    ["is unplugged", { on: "ended" }],
    ["is forbidden", { on: "permission", permission: "denied" }],
  ])("closes the warm device silently if it %s", (_, input) => {
    const run = listening().input({ on: "stop", keepWarm: true }, input);
    expect([run.state.device, run.told]).toEqual(["closed", []]);
  });

  it("tells the user if the words could not be sent before the button was released", () => {
    const run = listening().input({ on: "connection_lost" }).wait(500).input({ on: "stop", keepWarm: true });
    expect([run.view, run.told]).toEqual(["off", [en.microphone.notSent]]);
  });
});

/** The inputs that block and unblock the sound, and the reason that the page shows. */
const BLOCKS: readonly [string, readonly ListeningInput[], readonly ListeningInput[], string][] = [
  [
    "a call",
    [{ on: "context", state: "interrupted" }],
    [
      { on: "context", state: "suspended" },
      { on: "context", state: "running" },
    ],
    "a call or another app uses the sound",
  ],
  [
    "a suspended context",
    [{ on: "context", state: "suspended" }],
    [{ on: "context", state: "running" }],
    "the browser has stopped the sound; click the page",
  ],
  [
    "the lock screen",
    [
      { on: "hidden", hidden: true },
      { on: "context", state: "suspended" },
    ],
    [
      { on: "hidden", hidden: false },
      { on: "context", state: "running" },
    ],
    "the page is in the background",
  ],
  [
    "a muted device",
    [{ on: "muted", muted: true }],
    [{ on: "muted", muted: false }],
    "it is muted in the system or on the device",
  ],
];

describe.each(BLOCKS)("during %s", (_, blocks, unblocks, why) => {
  it("shows the pause and its reason at once", () => {
    const run = listening().input(...blocks);
    expect([run.view, run.pause]).toEqual(["paused", why]);
  });

  it("stops the session, so that the words before are transcribed, and begins another afterwards", () => {
    const run = listening()
      .input(...blocks)
      .wait(PAUSE_ENDS_SESSION_MS);
    expect(run.done.at(-1) === "stop_session" || run.count("stop_session") === 1).toBe(true);
    run.wait(40_000).input(...unblocks);
    expect(run.view).not.toBe("listening");
    run.wait(TICK_MS).served();
    expect([run.view, run.told]).toEqual(["listening", []]);
    expect([run.count("start_session"), run.count("stop_session")]).toEqual([2, 1]);
  });

  it("keeps the session if it is short", () => {
    const run = listening()
      .input(...blocks)
      .wait(PAUSE_ENDS_SESSION_MS - TICK_MS)
      .input(...unblocks)
      .wait(TICK_MS);
    expect([run.view, run.count("start_session"), run.count("stop_session")]).toEqual(["listening", 1, 0]);
  });

  it("turns the microphone off with a reason if it lasts for minutes", () => {
    const run = listening()
      .input(...blocks)
      .wait(LONGEST_PAUSE_MS + TICK_MS);
    expect([run.view, run.state.device, run.told.length]).toEqual(["off", "closed", 1]);
    expect(run.told[0]).toContain(why);
  });

  it("is off as soon as the user stops", () => {
    const run = listening()
      .input(...blocks)
      .input({ on: "stop", keepWarm: false });
    expect([run.view, run.state.device, run.count("stop_session")]).toEqual(["off", "closed", 1]);
  });
});

describe("a context that does not run", () => {
  it("is resumed again and again, with a growing delay", () => {
    const run = listening().input({ on: "context", state: "suspended" });
    expect(run.count("resume")).toBe(1);
    run.wait(60_000);
    expect(run.count("resume")).toBeGreaterThan(5);
    expect(run.count("resume")).toBeLessThan(15);
  });

  it.each<[string, ListeningInput]>([
    ["the page is shown", { on: "hidden", hidden: false }],
    ["the user clicks", { on: "gesture" }],
    ["the state changes", { on: "context", state: "suspended" }],
  ])("is resumed at once when %s", (_, input) => {
    const run = listening().input({ on: "context", state: "interrupted" }).wait(60_000);
    const before = run.count("resume");
    expect(run.input(input).count("resume")).toBe(before + 1);
  });

  it("is replaced if it is closed", () => {
    const run = listening().input({ on: "context", state: "closed" });
    expect([run.view, run.done.slice(-2)]).toEqual(["opening", ["close", "open"]]);
  });
});

it.each<[string, boolean]>([
  ["wants to talk", false],
  ["has released the button", true],
])("the device is closed when the server sends the page away while the user %s", (_, released) => {
  const run = listening();
  if (released) run.input({ on: "stop", keepWarm: true });
  run.input({ on: "dismissed" });
  expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", []]);
});
