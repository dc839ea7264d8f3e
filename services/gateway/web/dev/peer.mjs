// A scripted gateway, to work on the page without the services: three characters that answer with tones.
//
//     npm run build && npm run peer        then open http://127.0.0.1:8787
//
// Environment: PORT; PEER_PACE (ms per token, default 45); PEER_AUDIO (time to send sound, as a share of its length,
// default 0.1). Special messages: "/error", "/drop" (cuts the connection), "/long" (600 messages), "/think" (the models
// reason before they answer).

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { encode } from "@msgpack/msgpack";
import { WebSocketServer } from "ws";

import { Hearing } from "./hearing.mjs";
import { History } from "./history.mjs";
import { CHARACTERS, VOICES, replyOf } from "./script.mjs";

const PORT = Number(process.env.PORT ?? 8787);
const PACE_MS = Number(process.env.PEER_PACE ?? 45);
const REASONING_MS = 3_000;
const AUDIO_SHARE = Number(process.env.PEER_AUDIO ?? 0.1);
const STATIC = fileURLToPath(new URL("../../src/tertulia_gateway/static", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const POLICY =
  "default-src 'self'; script-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data: blob: https:; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'";
const SETTINGS = [
  "model",
  "temperature",
  "top_p",
  "min_p",
  "top_k",
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
];
const SAMPLE_RATE = 24_000;
const NOT_SPOKEN = { speechEnd: null, transcript: null };

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const NO_SETTINGS = Object.fromEntries(SETTINGS.map((name) => [name, null]));
const characters = structuredClone(CHARACTERS);
for (const character of characters) Object.assign(character, { model_settings: NO_SETTINGS, talkativeness: 50, speed: 1, pitch: 0 });
/** Conversations by id, each with its messages and the events sent, for a page that reconnects. */
const conversations = new Map();

class Conversation {
  id = randomUUID();
  title = "";
  createdAt = new Date().toISOString();
  updatedAt = this.createdAt;
  history = new History();
  messages = this.history.table;
  log = [];
  epoch = 0;
  talking = false;
  turns = new Set();
  settings = { ...NO_SETTINGS };
  userName = "";
  cast = { characters: null, told: false };
  answering = { mode: null, muted: [], discussion: 0 };
  usage = {};
  socket = null;
  #clock = 0;

  event(type, fields) {
    this.#clock = Math.max(this.#clock + 1, Date.now());
    const frame = JSON.stringify({ type, ...fields, event_id: `${this.#clock}-0`, epoch: this.epoch });
    this.log.push({ id: `${this.#clock}-0`, frame });
    this.socket?.send(frame);
  }

  answer(type, fields) {
    this.socket?.send(JSON.stringify({ type, ...fields }));
  }

  interrupt(cause) {
    this.epoch += 1;
    if (this.talking) this.event("interrupted", { cause });
    this.talking = false;
  }
}

/** Who answers: those to whom the turn is addressed, those who are named, or those who fit the mode. */
function answering(talk, text, { to, replies }) {
  const seats = talk.cast.characters;
  const active = characters.filter((character) => (seats ? seats.includes(character.id) : character.active));
  if (to) return [active.filter(({ id }) => to.includes(id)), "asked"];
  const named = active.filter((character) => new RegExp(`\\b${character.name}\\b`, "i").test(text));
  if (named.length > 0) return [named, "named"];
  const present = active.filter(({ id }) => !talk.answering.muted.includes(id));
  if (replies) return [Array.from({ length: replies }, (_, index) => present[index % present.length]), "discussion"];
  const last = talk.messages.findLast(({ role }) => role === "character")?.character_id;
  if (text === "") return [present.filter(({ id }) => id === last), "goes_on"];
  const next = present[(present.findIndex(({ id }) => id === last) + 1) % present.length];
  switch (talk.answering.mode) {
    case "named":
      return [[], ""];
    case "everyone":
      return [present, "everyone"];
    case "in_turn":
      return [[next], "in_turn"];
    default:
      return [[next], "chosen"];
  }
}

async function runTurn(talk, text, turnId, source, marks, request = {}) {
  if (talk.turns.has(turnId)) return talk.answer("turn_accepted", { turn_id: turnId, text, source });
  talk.turns.add(turnId);
  talk.interrupt("turn");
  const { epoch } = talk;
  talk.talking = true;
  talk.event("turn_accepted", { turn_id: turnId, text, source });
  const row = { id: turnId, turn_id: turnId, role: "user", character_id: null, character_name: "You", text };
  const place = (added) => {
    const old = request.after ? talk.history.following(request.after) : request.replaces;
    if (!old || !talk.history.has(old)) talk.history.add(added);
    else talk.event("history_changed", { turn_id: turnId, ...talk.history.replace(old, added) });
  };
  if (request.replaces && !talk.history.has(request.replaces)) return unknown(talk, turnId);
  if (source !== "request") place({ ...row, status: "complete" });
  talk.updatedAt = new Date().toISOString();
  talk.title ||= text.slice(0, 60);
  if (text === "/error") {
    const message = "The model server refuses the key. Check TERTULIA_LLM_API_KEY and start the llm worker again.";
    return talk.event("error", { code: "llm_auth", message, turn_id: turnId });
  }
  const at = Date.now();
  const [speakers, reason] = answering(talk, text, request);
  if (!characters.some(({ active }) => active)) {
    const message = "No character is at the table. Switch one on under Characters, then say it again.";
    return talk.event("error", { code: "no_characters", message, turn_id: turnId });
  }
  const replies = speakers.map(({ id, name }) => ({
    message_id: randomUUID(),
    character_id: id,
    character_name: name,
    reason,
  }));
  talk.event("turn_started", { turn_id: turnId, replies });
  const metrics = {
    source,
    accepted_at: at,
    speech_end: marks.speechEnd,
    transcript: marks.transcript,
    turn_started: Date.now() - at,
    messages: [],
  };
  let speaking = Promise.resolve();
  for (const { reason: _, ...reply } of replies) {
    if (talk.epoch !== epoch) return;
    const since = () => Date.now() - at;
    const times = { ...reply, message_started: since() };
    metrics.messages.push(times);
    if (text.startsWith("/think")) {
      talk.event("thinking", { ...reply, turn_id: turnId });
      await wait(REASONING_MS);
      if (talk.epoch !== epoch) return;
    }
    await wait(250);
    if (talk.epoch !== epoch) return;
    const spoken = replyOf(reply.character_name, text, talk.messages.length);
    const stored = {
      id: reply.message_id,
      turn_id: turnId,
      role: "character",
      character_id: reply.character_id,
      character_name: reply.character_name,
      text: "",
      status: "streaming",
    };
    if (source === "request") place(stored);
    else talk.history.add(stored);
    talk.event("message_started", { ...reply, turn_id: turnId });
    const ready = [];
    const ends = [];
    for (const [index, sentence] of spoken.entries()) {
      for (const token of sentence.match(/\s*\S+/g) ?? []) {
        if (talk.epoch !== epoch) return;
        times.first_chunk ??= since();
        stored.text += token;
        // Like the llm worker: the end of a sentence is certain only when the next one begins.
        const known =
          index > ends.length ? [Array.from(stored.text).length - Array.from(token.trimStart()).length] : [];
        ends.push(...known);
        talk.event("llm_chunk", {
          text: token,
          character_id: reply.character_id,
          message_id: reply.message_id,
          sentence_ends: known,
        });
        await wait(PACE_MS);
      }
      times.first_sentence ??= since();
      ready.push(sentence);
      if (index === 0) speaking = speaking.then(() => speak(talk, epoch, reply, ready, spoken.length, times, since));
    }
    times.text_complete = since();
    stored.status = "complete";
    const sentence_ends = [...ends, Array.from(stored.text).length];
    talk.event("message_complete", {
      message_id: reply.message_id,
      character_id: reply.character_id,
      text: stored.text,
      status: "complete",
      sentence_ends,
    });
  }
  talk.event("turn_complete", { turn_id: turnId });
  metrics.turn_complete = Date.now() - at;
  await speaking;
  const usage = { prompt_tokens: 900, completion_tokens: 340, reasoning_tokens: 200, cost: 0.00214 };
  for (const [name, figure] of Object.entries(usage)) talk.usage[name] = (talk.usage[name] ?? 0) + figure;
  Object.assign(metrics, { usage, conversation_usage: talk.usage });
  if (talk.epoch === epoch) talk.answer("turn_metrics", { turn_id: turnId, metrics });
}

/** Choose or delete a message: a turn without replies. */
function changeHistory(talk, turnId, messageId, change) {
  if (talk.turns.has(turnId)) return talk.answer("turn_accepted", { turn_id: turnId, text: "", source: "change" });
  talk.turns.add(turnId);
  talk.interrupt("turn");
  talk.event("turn_accepted", { turn_id: turnId, text: "", source: "change" });
  const changed = change(messageId);
  if (!changed) return unknown(talk, turnId);
  talk.event("history_changed", { turn_id: turnId, ...changed });
  talk.event("turn_complete", { turn_id: turnId });
}

function unknown(talk, turnId) {
  const message = "This message is not at the table any more. Nothing was changed.";
  talk.event("error", { code: "message_unknown", message, turn_id: turnId });
}

async function speak(talk, epoch, reply, ready, count, times, since) {
  const { pitch } = characters.find(({ id }) => id === reply.character_id) ?? { pitch: 200 };
  for (let sentence = 0; sentence < count; sentence += 1) {
    while (ready.length <= sentence) {
      if (talk.epoch !== epoch) return;
      await wait(10);
    }
    const samples = Math.round((ready[sentence].trim().length / 16) * SAMPLE_RATE);
    times.first_audio ??= since();
    for (let chunk = 0, from = 0; from < samples; chunk += 1) {
      const size = Math.min(chunk === 0 && sentence === 0 ? 960 : 2_400, samples - from);
      if (talk.epoch !== epoch) return;
      const pcm = new Uint8Array(tone(pitch, from, size, samples).buffer);
      times.first_frame ??= since();
      const id = `${sentence + 1}-${chunk + 1}`;
      const { message_id, character_id } = reply;
      const frame = {
        type: "audio",
        message_id,
        character_id,
        sentence_index: sentence,
        chunk_index: chunk,
        id,
        sample_rate: SAMPLE_RATE,
        pcm,
      };
      talk.socket?.send(encode(frame));
      from += size;
      await wait((size / SAMPLE_RATE) * 1_000 * AUDIO_SHARE);
    }
  }
  times.audio_complete = since();
  talk.answer("audio_complete", {
    message_id: reply.message_id,
    character_id: reply.character_id,
    id: `${count + 1}-0`,
  });
}

/** A tone like a sung vowel: harmonics with a slow swell, without steps between chunks. */
function tone(pitch, from, size, total) {
  return Int16Array.from({ length: size }, (_, index) => {
    const at = from + index;
    const seconds = at / SAMPLE_RATE;
    const edge = Math.min(1, at / 600, (total - at) / 1_800);
    const swell = 0.6 + 0.4 * Math.sin(2 * Math.PI * 3.1 * seconds);
    const voice = Math.sin(2 * Math.PI * pitch * seconds) + 0.5 * Math.sin(4 * Math.PI * pitch * seconds);
    return Math.round(5_000 * edge * swell * voice);
  });
}

function serveSocket(socket, url) {
  const known = conversations.get(url.searchParams.get("conversation_id") ?? "");
  let talk = open(socket, known ?? null);
  const mark = url.searchParams.get("last_event_id");
  if (known && mark) for (const { id, frame } of talk.log) if (after(id, mark)) socket.send(frame);
  const hearing = new Hearing(
    (type, fields) => talk.event(type, fields),
    (text, turnId, marks) => runTurn(talk, text, turnId, "spoken", marks),
  );
  socket.on("message", (data, binary) => {
    if (binary) return hearing.feed(data);
    const { type, data: fields = {} } = JSON.parse(data.toString());
    switch (type) {
      case "user_message":
        if (fields.text === "/drop" && !talk.turns.has(fields.turn_id)) {
          talk.turns.add(fields.turn_id);
          return socket.terminate();
        }
        if (fields.text === "/long") return fill(talk);
        return void runTurn(talk, fields.text, fields.turn_id ?? randomUUID(), "typed", NOT_SPOKEN, fields);
      case "request_reply": {
        const { replaces, after: continued, character_id } = fields;
        const speaker = talk.messages.find(({ id }) => id === (replaces ?? continued))?.character_id;
        const to = (character_id || speaker) && [character_id || speaker];
        return void runTurn(talk, "", fields.turn_id ?? randomUUID(), "request", NOT_SPOKEN, { ...fields, to });
      }
      case "choose_version":
        return changeHistory(talk, fields.turn_id, fields.message_id, (id) => talk.history.choose(id));
      case "delete_message":
        return changeHistory(talk, fields.turn_id, fields.message_id, (id) => talk.history.has(id) && talk.history.remove(id));
      case "answering":
        Object.assign(talk.answering, fields);
        return talk.answer("answering", { ...talk.answering, default_mode: "fitting" });
      case "cast":
        Object.assign(talk.cast, fields);
        return talk.answer("cast", talk.cast);
      case "user_name":
        if ("name" in fields) talk.userName = fields.name ?? "";
        return talk.answer("user_name", { name: talk.userName, default_name: "Jay" });
      case "interrupt":
        return talk.interrupt("request");
      case "start_listening":
        return hearing.start();
      case "stop_listening":
        return hearing.stop();
      case "refresh_characters":
        return talk.answer("characters", {
          characters: characters.map(({ id, name, voice, image, active }) => ({ id, name, voice, image, active })),
        });
      case "model_settings":
        Object.assign(talk.settings, fields);
        return talk.answer("model_settings", talk.settings);
      case "new_conversation":
        talk.socket = null;
        talk = open(socket, null);
        return;
    }
  });
  socket.on("close", () => {
    hearing.stop();
    if (talk.socket === socket) talk.socket = null;
  });
}

function open(socket, known) {
  if (known) {
    known.socket?.close(4001, "a newer connection took this conversation over");
    known.socket = socket;
    known.answer("conversation_started", { conversation_id: known.id, resumed: true, demo: true });
    return known;
  }
  const talk = new Conversation();
  conversations.set(talk.id, talk);
  talk.socket = socket;
  talk.event("conversation_started", { conversation_id: talk.id, resumed: false, demo: true });
  return talk;
}

function after(id, last) {
  return Number(id.split("-")[0]) > Number(last.split("-")[0]);
}

function fill(talk) {
  for (let index = 0; index < 300; index += 1) {
    const turnId = randomUUID();
    const { id, name } = characters[index % characters.length];
    const messageId = randomUUID();
    talk.event("turn_accepted", { turn_id: turnId, text: `Question number ${index}`, source: "typed" });
    talk.event("message_started", { message_id: messageId, turn_id: turnId, character_id: id, character_name: name });
    talk.event("message_complete", {
      message_id: messageId,
      character_id: id,
      text: replyOf(name, "", index).join(""),
      status: "complete",
    });
    talk.event("turn_complete", { turn_id: turnId });
  }
}

const row = (each) => ({ id: each.id, title: each.title, created_at: each.createdAt, updated_at: each.updatedAt });

async function serveApi(request, response, url) {
  const [, , kind, id, what] = url.pathname.split("/");
  const send = (status, body, type = "application/json") => {
    response.writeHead(status, { "Content-Type": type });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  };
  const problem = (status, detail, errors = []) =>
    send(status, { type: "about:blank", title: "Problem", status, detail, errors }, "application/problem+json");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  if (kind === "voices") return send(200, { voices: VOICES });
  if (kind === "status") {
    return send(200, {
      version: "0",
      demo: true,
      redis_ms: 0.2,
      engines: { stt: ["pocketsphinx"], llm: ["openai"], tts: ["espeak"] },
      missing: [],
      connections: 1,
      namespace: "tertulia",
    });
  }
  if (kind === "model") {
    const demo = { source: "demo", address: "", model: "", has_key: false, kept: false, fault: "" };
    return send(200, { ...demo, in_container: false, may_change: true, providers: [], servers: [] });
  }
  if (kind === "characters") {
    const found = characters.findIndex((character) => character.id === id);
    if (request.method === "GET" && found !== -1) return send(200, characters[found]);
    if (request.method === "GET") return send(200, { characters });
    if (request.method === "PUT") {
      characters.sort((one, other) => body.characters.indexOf(one.id) - body.characters.indexOf(other.id));
      return send(200, { characters });
    }
    if (id && found < 0) return problem(404, "There is no such character.");
    const twin = characters.find((each) => each.id !== id && each.name.toLowerCase() === body.name?.toLowerCase());
    if (twin)
      return problem(409, `The name ${body.name} is taken.`, [{ field: "name", message: "is taken; choose another" }]);
    if (request.method === "POST") characters.push({ pitch: 180, ...body, id: randomUUID() });
    if (request.method === "PATCH") Object.assign(characters[found], body);
    if (request.method === "DELETE") characters.splice(found, 1);
    return send(request.method === "DELETE" ? 204 : 200, characters[found] ?? characters.at(-1));
  }
  const talk = conversations.get(id);
  if (kind === "conversations" && !id) {
    return send(200, {
      items: [...conversations.values()]
        .filter((each) => each.messages.length > 0)
        .map(row)
        .toReversed(),
      next: null,
    });
  }
  if (!talk) return problem(404, "There is no such conversation.");
  if (what === "export") return send(200, { ...row(talk), messages: talk.messages });
  if (what === "branch") {
    const copy = new Conversation();
    const end = talk.messages.findIndex((each) => each.id === body.message_id) + 1;
    for (const each of talk.messages.slice(0, end)) copy.history.add({ ...each, id: randomUUID(), replaces: "" });
    copy.title = `${talk.title} (2)`;
    conversations.set(copy.id, copy);
    return send(201, row(copy));
  }
  if (request.method === "PATCH") talk.title = body.title;
  if (request.method === "DELETE") conversations.delete(id);
  return send(request.method === "DELETE" ? 204 : 200, { ...row(talk), messages: talk.history.stored(), usage: talk.usage, next: null });
}

async function serveFile(response, url) {
  const path = normalize(url.pathname === "/" ? "/index.html" : url.pathname);
  const file = await readFile(join(STATIC, path)).catch(() => null);
  const headers = {
    "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
    "Content-Security-Policy": POLICY,
  };
  response.writeHead(file ? 200 : 404, headers);
  response.end(file ?? "not found: run `npm run build` first");
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://peer");
  void (url.pathname.startsWith("/api/") ? serveApi(request, response, url) : serveFile(response, url));
});
const sockets = new WebSocketServer({ server, path: "/ws" });
sockets.on("connection", (socket, request) => serveSocket(socket, new URL(request.url ?? "/", "http://peer")));
server.listen(PORT, "127.0.0.1", () => console.log(`peer ready on http://127.0.0.1:${server.address().port}`));
