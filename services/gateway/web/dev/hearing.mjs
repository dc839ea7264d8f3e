// A fake recognizer: loud sound counts as speech, and the transcripts come from a list.

import { randomUUID } from "node:crypto";

const LOUD = 500;
const QUIET_FRAMES = 14;
/** Speech shorter than this counts as a cough: a false alarm. */
const WORD_FRAMES = 9;
const LINES = [
  "Luna, what is that bright star over the roof tonight?",
  "And what does Rex say to that?",
  "I never thought of it that way, Sage.",
];

export class Hearing {
  #event;
  #turn;
  #session = "";
  #loud = 0;
  #quiet = 0;
  #said = 0;

  constructor(event, turn) {
    this.#event = event;
    this.#turn = turn;
  }

  start() {
    if (this.#session) this.stop();
    this.#session = randomUUID();
    this.#say("listening_started");
    this.#say("vad_detect_start");
  }

  stop() {
    if (!this.#session) return;
    if (this.#loud > 0) this.#end();
    this.#say("listening_stopped", { cause: "stopped" });
    this.#session = "";
  }

  feed(pcm) {
    if (!this.#session) return;
    let energy = 0;
    for (let at = 0; at + 1 < pcm.length; at += 2) energy += pcm.readInt16LE(at) ** 2;
    const loud = Math.sqrt(energy / (pcm.length / 2)) > LOUD;
    if (loud) this.#hear();
    else if (this.#loud > 0 && ++this.#quiet > QUIET_FRAMES) this.#end();
  }

  #hear() {
    this.#quiet = 0;
    this.#loud += 1;
    if (this.#loud === 1) {
      this.#say("vad_start");
      this.#say("recording_start");
    }
    if (this.#loud % 6 !== 0) return;
    const words = this.#line()
      .split(" ")
      .slice(0, this.#loud / 6);
    this.#say("transcription_update", { text: words.join(" ") });
    if (words.length > 2) this.#say("transcription_stabilized", { text: words.slice(0, -2).join(" ") });
  }

  #end() {
    const words = this.#loud >= WORD_FRAMES;
    this.#loud = 0;
    this.#quiet = 0;
    this.#say("vad_stop");
    this.#say("recording_stop");
    const turnId = words ? randomUUID() : "";
    const text = words ? this.#line() : "";
    this.#say("transcription_finished", { text, turn_id: turnId });
    if (!words) return;
    this.#said += 1;
    void this.#turn(text, turnId, { speechEnd: -310, transcript: -4 });
  }

  #line() {
    return LINES[this.#said % LINES.length];
  }

  #say(type, fields = {}) {
    this.#event(type, { session_id: this.#session, ...fields });
  }
}
