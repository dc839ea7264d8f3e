/** Listening sessions at the server: another one begins after each end, and events of earlier ones are ignored. */

import { describe, expect, it } from "vitest";

import { STEADY_MS } from "../src/talk/listening-machine";
import { RESTART_MS } from "../src/talk/listening-session";
import { en } from "../src/texts/en";
import { ListeningRun, TICK_MS, listening } from "./listening-run";

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
    expect([run.view, run.state.device, run.told]).toEqual(["off", "closed", [en.microphone.recognizerFails]]);
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
