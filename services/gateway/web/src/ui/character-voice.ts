/** Plays a sentence in the voice of a character, as the character speaks. */

import { useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { asFailure } from "./request";
import { useVoiceSample } from "./voice-sample";

export interface CharacterVoice {
  readonly isOn: boolean;
  readonly isLoading: boolean;
  /** What went wrong; `""` if nothing did. */
  readonly problem: string;
  play(): void;
  stop(): void;
}

export function useCharacterVoice(talk: Talk, characterId: string): CharacterVoice {
  const sample = useVoiceSample(talk);
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const phase = sample.state?.phase;
  const play = () => {
    setAsking(true);
    setProblem("");
    talk.api
      .character(characterId)
      .then((character) => sample.play(character.voice, character))
      .catch((error: unknown) => setProblem(asFailure(error).message))
      .finally(() => setAsking(false));
  };
  return {
    isOn: phase !== undefined && phase !== "failed",
    isLoading: isAsking || phase === "loading" || phase === "slow",
    problem: problem || (sample.state?.problem ?? ""),
    play,
    stop: sample.stop,
  };
}
