// The characters, their voices and their replies, sentence by sentence.

import { readFileSync } from "node:fs";

const portrait = (name) => {
  try {
    const path = new URL(`../../../../shared/src/tertulia_shared/store/portraits/${name}.svg`, import.meta.url);
    return `data:image/svg+xml,${encodeURIComponent(readFileSync(path, "utf8"))}`;
  } catch {
    return "";
  }
};

export const CHARACTERS = [
  {
    id: "0b0a3c3e-5a55-5d0e-8d2e-0c6f7b1f6a01",
    name: "Luna",
    voice: "luna",
    pitch: 262,
    system_prompt: "You are Luna, a warm and curious stargazer.",
    image: portrait("luna"),
    active: true,
  },
  {
    id: "0b0a3c3e-5a55-5d0e-8d2e-0c6f7b1f6a02",
    name: "Rex",
    voice: "rex",
    pitch: 123,
    system_prompt: "You are Rex, a retired detective.",
    image: portrait("rex"),
    active: true,
  },
  {
    id: "0b0a3c3e-5a55-5d0e-8d2e-0c6f7b1f6a03",
    name: "Sage",
    voice: "sage",
    pitch: 175,
    system_prompt: "You are Sage, a calm philosopher.",
    image: portrait("sage"),
    active: true,
  },
];

const ESPEAK = { engine: "espeak", adjustable: ["speed", "pitch"], available: true };

export const VOICES = [
  { id: "luna", name: "Luna", language: "en-US", description: "American woman, bright and lively", ...ESPEAK },
  { id: "rex", name: "Rex", language: "en-US", description: "New York man, very deep, unhurried", ...ESPEAK },
  {
    id: "sage",
    name: "Sage",
    language: "en-GB",
    description: "English man of some age, slow and even",
    ...ESPEAK,
  },
];

const LINES = {
  Luna: [
    [
      "Oh, that one is Arcturus, I think.",
      " It is the colour of a lamp in someone's kitchen, and its light left home about thirty-seven years ago.",
      " Isn't it strange that we get old letters from it every night?",
    ],
    [
      "I was on the roof until two.",
      " The moon came up behind the water tower like a slow orange balloon, and for a minute the street stood still.",
    ],
  ],
  Rex: [
    [
      "Thirty-seven years.",
      " I had a partner who answered his mail faster than that, and he was shot twice.",
      " If a star wants something, it can come down to the station like everybody else.",
    ],
    ["Roofs at two in the morning.", " In my day that was called suspicious behaviour.", " Coffee?"],
  ],
  Sage: [
    [
      "You both speak of waiting, each in your own way.",
      " One of you enjoys the letter, the other minds the delay.",
      " Which of the two would you rather be, when it is you who has to wait?",
    ],
    [
      "There is a kind of quiet that belongs to high places.",
      " I wonder what we are listening for when we go up there.",
    ],
  ],
};

/** The sentences of a reply; each one but the first begins with a space. */
export function replyOf(name, _text, round) {
  const lines = LINES[name] ?? [["I have only just sat down.", " Let me listen for a while."]];
  return lines[Math.floor(round / 4) % lines.length];
}
