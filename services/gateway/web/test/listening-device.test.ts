/** The microphone's device is silent, unplugged or forbidden, or the machine sleeps. */

import { describe, expect, it } from "vitest";

import {
  ASLEEP_MS,
  FIRST_FRAME_MS,
  FLOW_STOPS_MS,
  LONGEST_PAUSE_MS,
  MOST_REPLACEMENTS,
  PAUSE_ENDS_SESSION_MS,
  REPLACE_AFTER_MS,
  STEADY_MS,
} from "../src/talk/listening-machine";
import { en } from "../src/texts/en";
import { ListeningRun, TICK_MS, listening } from "./listening-run";

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
    expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", [en.microphone.noSoundComes]]);
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
    expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", [en.microphone.forbidden]]);
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
