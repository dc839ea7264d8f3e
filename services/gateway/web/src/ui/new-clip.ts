/** What a new voice from a recording needs. Pure. */

/** What the user confirms; the server stores it with the time. */
export const CONSENT = "I am this person, or I have their permission.";

/** What the user has yet to do before the voice can be made; "" if nothing is missing. */
export function whatIsMissing(
  recordingProblem: string | undefined,
  name: string,
  transcript: string,
  consent: boolean,
): string {
  if (recordingProblem === undefined) return "Record something, or choose a file.";
  if (recordingProblem) return "Make another recording.";
  if (!transcript.trim()) return "Write what is said in the recording.";
  if (!name.trim()) return "Give the voice a name.";
  if (!consent) return "Confirm that you may use this voice.";
  return "";
}
