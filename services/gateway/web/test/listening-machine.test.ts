import { describe, expect, it } from "vitest";

import {
  ASLEEP_MS,
  FIRST_FRAME_MS,
  FLOW_STOPS_MS,
  FORBIDDEN,
  LONGEST_PAUSE_MS,
  MOST_REPLACEMENTS,
  NOT_SENT,
  NO_SOUND_COMES,
  PAUSE_ENDS_SESSION_MS,
  REPLACE_AFTER_MS,
  STEADY_MS,
  WARM_MS,
} from "../src/talk/listening-machine";
import { RECOGNIZER_FAILS, RESTART_MS } from "../src/talk/listening-session";
import type { ListeningInput } from "../src/talk/listening-state";
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
    expect([run.view, run.told]).toEqual(["off", [NOT_SENT]]);
  });
});

/** What blocks the sound, and what unblocks it. */
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

describe("a device that delivers nothing", () => {
  it("is never shown as listening", () => {
    const run = listening();
    run.delivers = false;
    run.wait(FLOW_STOPS_MS + 2 * TICK_MS);
    expect([run.view, run.pause]).toEqual(["paused", "no sound comes from the device"]);
    run.delivers = true;
    run.wait(TICK_MS);
    expect(run.view).toBe("listening");
  });

  it("is opened again a few times, and then the microphone is off with a reason", () => {
    const run = listening();
    run.delivers = false;
    for (let n = 1; n <= MOST_REPLACEMENTS; n += 1) {
      run.wait(FIRST_FRAME_MS + REPLACE_AFTER_MS + 4 * TICK_MS);
      expect(run.count("open")).toBe(1 + n);
      run.opened();
    }
    expect(run.count("stop_session")).toBe(1);
    run.wait(FIRST_FRAME_MS + REPLACE_AFTER_MS + 4 * TICK_MS);
    expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", [NO_SOUND_COMES]]);
  });

  it("may deliver its first frame late before it counts as silent", () => {
    const run = new ListeningRun().input({ on: "live" }, { on: "start" });
    run.delivers = false;
    run.opened().wait(FIRST_FRAME_MS - 2 * TICK_MS);
    expect(run.view).toBe("starting");
    run.wait(4 * TICK_MS);
    expect(run.view).toBe("paused");
  });
});

describe("a device that is unplugged", () => {
  it("is replaced by another one, and the user is told which", () => {
    const run = listening().input({ on: "ended" });
    expect([run.view, run.done.slice(-2)]).toEqual(["opening", ["close", "open"]]);
    run.wait(PAUSE_ENDS_SESSION_MS).opened("Webcam").served();
    expect(run.view).toBe("listening");
    expect(run.told).toEqual(["The microphone was disconnected. Now “Webcam” is used."]);
    expect([run.count("start_session"), run.count("stop_session")]).toEqual([2, 1]);
  });

  it("turns the microphone off with a reason if there is no other", () => {
    const run = listening().input({ on: "ended" }, { on: "open_failed", problem: "No microphone was found." });
    expect([run.view, run.told, run.count("stop_session")]).toEqual(["off", ["No microphone was found."], 1]);
  });

  it("is shown as starting until its replacement delivers a frame, and the session stays open", () => {
    const run = listening().input(
      { on: "ended" },
      { on: "opened", label: "Webcam", context: "running", muted: false },
    );
    expect([run.view, run.count("stop_session")]).toEqual(["starting", 0]);
    run.wait(TICK_MS);
    expect(run.view).toBe("listening");
  });

  it("may be unplugged any number of times, if it works in between", () => {
    const run = listening();
    for (let n = 0; n < 2 * MOST_REPLACEMENTS; n += 1) {
      run.input({ on: "ended" }).opened().wait(STEADY_MS);
    }
    expect([run.view, run.told]).toEqual(["listening", []]);
  });

  it("is replaced without a notice if the same device is opened again", () => {
    expect(listening().input({ on: "ended" }).opened().told).toEqual([]);
  });
});

describe("the permission", () => {
  it.each<PermissionState>(["denied", "prompt"])("turns the microphone off when it becomes %s", (state) => {
    const run = listening().input({ on: "permission", permission: "granted" }, { on: "permission", permission: state });
    expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", [FORBIDDEN]]);
    expect(run.count("stop_session")).toBe(1);
  });

  it("may change while the browser asks for it again", () => {
    const run = listening().input({ on: "permission", permission: "granted" }, { on: "ended" });
    run.input({ on: "permission", permission: "prompt" }).opened();
    expect([run.view, run.told]).toEqual(["listening", []]);
  });

  it("may be given after minutes", () => {
    const run = new ListeningRun().input({ on: "live" }, { on: "start" }).wait(2 * LONGEST_PAUSE_MS);
    run.input({ on: "opened", label: "", context: "suspended", muted: false }).wait(TICK_MS);
    expect([run.view, run.told]).toEqual(["starting", []]);
  });

  it("may be unknown to the browser while the microphone is used", () => {
    const run = listening().input({ on: "permission", permission: "prompt" });
    expect([run.view, run.told]).toEqual(["listening", []]);
  });

  it("does not matter while the microphone is off", () => {
    const run = new ListeningRun().input(
      { on: "permission", permission: "granted" },
      { on: "permission", permission: "denied" },
    );
    expect([run.effects, run.view]).toEqual([[], "off"]);
  });
});

describe("a machine that sleeps", () => {
  it("begins another session when there is sound again", () => {
    const run = listening().sleep(ASLEEP_MS * 6);
    expect([run.view, run.done.at(-1)]).toEqual(["starting", "stop_session"]);
    run.wait(TICK_MS).served();
    expect([run.view, run.count("start_session")]).toEqual(["listening", 2]);
  });

  it("turns the microphone off with a reason if it sleeps for minutes", () => {
    const run = listening().sleep(LONGEST_PAUSE_MS + 1_000);
    expect([run.view, run.state.device, run.told.length]).toEqual(["off", "closed", 1]);
    expect(run.told[0]).toContain("asleep");
  });

  it("is not mistaken for a page that is busy for a moment, whose frames wait behind the tick", () => {
    const run = listening();
    run.nowMs += 2_000;
    run.sleep(2_000);
    expect([run.view, run.count("stop_session")]).toEqual(["listening", 0]);
  });
});

describe("a session that the server ends", () => {
  it.each(["idle", "failed", "abandoned"])("is begun again after %s", (cause) => {
    const run = listening();
    run.input({ on: "session_stopped", id: run.sessionId, cause });
    expect(run.view).toBe("starting");
    run.wait(TICK_MS).served();
    expect([run.view, run.told]).toEqual(["listening", []]);
    expect([run.count("start_session"), run.count("stop_session")]).toEqual([2, 0]);
  });

  it("is begun again after growing delays, and then the microphone is off with a reason", () => {
    const run = listening();
    for (const delayMs of RESTART_MS) {
      const begun = run.count("start_session");
      run.input({ on: "session_stopped", id: run.sessionId, cause: "failed" });
      if (delayMs > 0) expect(run.count("start_session")).toBe(begun);
      run.wait(delayMs).served();
      expect([run.view, run.count("start_session")]).toEqual(["listening", begun + 1]);
    }
    run.input({ on: "session_stopped", id: run.sessionId, cause: "failed" });
    expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", [RECOGNIZER_FAILS]]);
    run.input({ on: "start" }).opened().served();
    expect(run.view).toBe("listening");
  });

  it("does not count as a failure any more after a steady session", () => {
    const run = listening();
    for (let n = 0; n < 3 * RESTART_MS.length; n += 1) {
      run.input({ on: "session_stopped", id: run.sessionId, cause: "failed" }).wait(TICK_MS).served();
      run.wait(STEADY_MS + TICK_MS);
    }
    expect([run.view, run.told]).toEqual(["listening", []]);
  });

  it("is not begun again if the user has released the button", () => {
    const run = listening();
    const id = run.sessionId;
    run.input({ on: "stop", keepWarm: true }, { on: "session_stopped", id, cause: "stopped" }).wait(5_000);
    expect([run.view, run.count("start_session")]).toEqual(["off", 1]);
  });

  it("is a new one after a reconnect, and later events of the earlier one are ignored", () => {
    const run = listening();
    const earlier = run.sessionId;
    run.input({ on: "connection_lost" });
    expect(run.view).toBe("starting");
    run.wait(2_000).input({ on: "live" }).input({ on: "session_stopped", id: earlier, cause: "abandoned" });
    run.served();
    run.input({ on: "session_stopped", id: earlier, cause: "abandoned" }, { on: "recognizer_ready", id: earlier });
    expect([run.view, run.count("start_session"), run.count("stop_session")]).toEqual(["listening", 2, 0]);
  });

  it("is begun again in a new conversation", () => {
    const run = listening().input({ on: "live" }).served();
    expect([run.view, run.count("start_session"), run.count("stop_session")]).toEqual(["listening", 2, 0]);
  });

  it("is begun again after a refusal of PCM, unless the refusal concerns frames from before it", () => {
    const run = listening().input({ on: "pcm_refused" }).wait(TICK_MS);
    expect(run.count("start_session")).toBe(2);
    run.input({ on: "pcm_refused" }).wait(RESTART_MS[1]!);
    expect(run.count("start_session")).toBe(2);
    run.served().input({ on: "pcm_refused" });
    expect([run.view, run.count("start_session")]).toEqual(["starting", 2]);
    run.wait(2_000).served();
    expect(run.view).toBe("listening");
  });
});

it("uses the session of the last press of the button, although events of an earlier session come late", () => {
  const run = new ListeningRun().input({ on: "live" }, { on: "start" }).opened();
  run.input({ on: "stop", keepWarm: true }, { on: "start" });
  run.input({ on: "session_started", id: "first" }, { on: "recognizer_ready", id: "first" });
  expect(run.view).toBe("starting");
  run.input({ on: "session_started", id: "second" }, { on: "session_stopped", id: "first", cause: "stopped" });
  run.input({ on: "recognizer_ready", id: "second" });
  expect([run.view, run.sessionId]).toEqual(["listening", "second"]);
});

it("listens although an older server sends no listening_started", () => {
  const run = new ListeningRun().input({ on: "live" }, { on: "start" }).opened();
  run.input({ on: "recognizer_ready", id: "first" });
  expect([run.view, run.sessionId]).toEqual(["listening", "first"]);
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
