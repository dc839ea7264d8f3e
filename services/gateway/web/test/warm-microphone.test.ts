/** The microphone is open before the user presses the button, so that the first word is not lost. */

import { describe, expect, it } from "vitest";

import { devicesOf } from "../src/audio/devices";
import { MOST_FRAMES, PRE_ROLL_FRAMES, PcmBacklog } from "../src/audio/pcm-backlog";
import { WARM_MS } from "../src/talk/listening-machine";
import { ListeningRun, TICK_MS, listening } from "./listening-run";

const usedBefore = (): ListeningRun =>
  listening().input({ on: "permission", permission: "granted" }, { on: "stop", keepWarm: false }).wait(TICK_MS);

describe("a microphone that the user has used before", () => {
  it("opens without a session when the user points at the button, and closes after a while", () => {
    const run = usedBefore();
    expect(run.state.device).toBe("closed");
    run.input({ on: "warm_up" }).opened();
    expect([run.view, run.state.device, run.count("start_session")]).toEqual(["off", "open", 1]);
    run.wait(WARM_MS + TICK_MS);
    expect(run.state.device).toBe("closed");
  });

  it("begins a session at once when the button is pressed", () => {
    const run = usedBefore().input({ on: "warm_up" }).opened();
    const opened = run.count("open");
    run.input({ on: "start" });
    expect([run.count("open"), run.done.at(-1)]).toEqual([opened, "start_session"]);
  });
});

describe("a microphone that the user has not used yet, or has forbidden", () => {
  it("stays closed", () => {
    const first = new ListeningRun().input({ on: "live" }, { on: "permission", permission: "granted" });
    expect(first.input({ on: "warm_up" }).state.device).toBe("closed");
    const forbidden = usedBefore().input({ on: "permission", permission: "prompt" });
    expect(forbidden.input({ on: "warm_up" }).state.device).toBe("closed");
  });
});

describe("the sound before the press", () => {
  it("is kept for half a second", () => {
    const backlog = new PcmBacklog();
    const frames = Array.from({ length: MOST_FRAMES }, () => new ArrayBuffer(2));
    for (const frame of frames) backlog.add(frame, PRE_ROLL_FRAMES);
    expect(backlog.take()).toEqual(frames.slice(-PRE_ROLL_FRAMES));
  });
});

const of = (kind: MediaDeviceKind, deviceId: string, label: string) => ({ kind, deviceId, label });

describe("the devices to choose from", () => {
  it("are those with a name, without the system's aliases", () => {
    const { microphones, loudspeakers } = devicesOf([
      of("audioinput", "default", "Default - Webcam"),
      of("audioinput", "a", "Webcam"),
      of("audioinput", "b", ""),
      of("videoinput", "c", "Webcam"),
      of("audiooutput", "d", "Headphones"),
    ]);
    expect(microphones).toEqual([{ id: "a", label: "Webcam" }]);
    expect(loudspeakers).toEqual([{ id: "d", label: "Headphones" }]);
  });
});
