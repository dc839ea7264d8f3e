/** What a new voice from a recording needs. Pure. */

import { texts } from "../texts";

/** What the user has yet to do before the voice can be made; "" if nothing is missing. */
export function whatIsMissing(
  recordingProblem: string | undefined,
  name: string,
  transcript: string,
  consent: boolean,
): string {
  const { missing } = texts.clips;
  if (recordingProblem === undefined) return missing.recording;
  if (recordingProblem) return missing.other;
  if (!transcript.trim()) return missing.transcript;
  if (!name.trim()) return missing.name;
  if (!consent) return missing.consent;
  return "";
}
