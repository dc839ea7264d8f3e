/** The part of a character's form in which the user makes a voice from a recording. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { base64, LONGEST_S, SHORTEST_S } from "../audio/recording";
import type { Clip } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { CONSENT, whatIsMissing } from "./new-clip";
import { firstLanguage, LANGUAGES, readingText } from "./reading-texts";
import { asFailure } from "./request";
import { type RecordingControl, useRecording } from "./use-recording";
import { languageName } from "./voices";

interface Props {
  readonly talk: Talk;
  readonly onMade: (clip: Clip) => void;
  readonly onCancel: () => void;
}

export function ClipEditor({ talk, onMade, onCancel }: Props): JSX.Element {
  const recorder = useRecording(talk);
  const [language, setLanguage] = useState(() => firstLanguage(navigator.languages));
  const [name, setName] = useState("");
  const [transcript, setTranscript] = useState("");
  const [consent, setConsent] = useState(false);
  const [failure, setFailure] = useState<RequestFailed | null>(null);
  const [busy, setBusy] = useState(false);
  const { recording } = recorder.state;
  const make = async () => {
    if (!recording) return;
    setBusy(true);
    setFailure(null);
    try {
      onMade(await talk.api.makeVoice({ name, language, transcript, consent, audio: base64(recording.file) }));
    } catch (error) {
      setFailure(asFailure(error));
      setBusy(false);
    }
  };
  const missing = whatIsMissing(recording?.problem, name, transcript, consent);
  return (
    <div
      role="group"
      class="clip-editor"
      aria-label="A voice from a recording"
      // The fields are inside the character's form, which Enter would send.
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
      }}
    >
      <div class="field">
        <label for="clip-language">Language</label>
        <select id="clip-language" value={language} onChange={(event) => setLanguage(event.currentTarget.value)}>
          {LANGUAGES.map((tag) => (
            <option key={tag} value={tag}>
              {tag === "und" ? "Another language" : languageName(tag)}
            </option>
          ))}
        </select>
      </div>
      <SoundField
        recorder={recorder}
        text={readingText(language)}
        problem={failure?.about("audio") ?? ""}
        onRecord={() => {
          setTranscript(readingText(language));
          recorder.start();
        }}
      />
      <div class="field">
        <label for="clip-transcript">What is said in it, word for word</label>
        <textarea
          id="clip-transcript"
          rows={4}
          maxLength={1_000}
          dir="auto"
          value={transcript}
          onInput={(event) => setTranscript(event.currentTarget.value)}
        />
        <FieldProblem text={failure?.about("transcript") ?? ""} />
      </div>
      <div class="field">
        <label for="clip-name">Name of the voice</label>
        <input
          id="clip-name"
          maxLength={40}
          dir="auto"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <FieldProblem text={failure?.about("name") ?? ""} />
      </div>
      <label class="consent">
        <input type="checkbox" checked={consent} onChange={(event) => setConsent(event.currentTarget.checked)} />
        <span>{CONSENT}</span>
      </label>
      <p class="detail">
        The recording is kept on this server until you delete the voice, and the speech engine gets it.
      </p>
      {failure && failure.fields.length === 0 && <FieldProblem text={failure.message} />}
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={busy || missing !== ""}
          aria-describedby={missing ? "clip-missing" : undefined}
          onClick={() => void make()}
        >
          Make the voice
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
      {missing && (
        <p id="clip-missing" class="detail">
          {missing}
        </p>
      )}
    </div>
  );
}

interface SoundProps {
  readonly recorder: RecordingControl;
  /** The text to read aloud; "" if there is none in this language. */
  readonly text: string;
  readonly problem: string;
  readonly onRecord: () => void;
}

function SoundField({ recorder, text, problem, onRecord }: SoundProps): JSX.Element {
  const { phase, level, seconds, recording, problem: failed } = recorder.state;
  const isRecording = phase === "recording" || phase === "opening";
  return (
    <div class="field">
      <p class="detail">
        {SHORTEST_S} to {LONGEST_S} seconds of one person, without music or noise.
        {text ? " Read this aloud, or say something else:" : " Say a few sentences."}
      </p>
      {text && (
        <blockquote class="reading-text" dir="auto">
          {text}
        </blockquote>
      )}
      {isRecording ? (
        <div class="recorder">
          <button type="button" class="primary" disabled={phase === "opening"} onClick={recorder.stop}>
            <Icon name="stop" /> Stop
          </button>
          <meter aria-label="Level of the microphone" min={0} max={1} value={Math.min(1, level * 4)} />
          <output>
            {seconds.toFixed(0)} of {LONGEST_S} s
          </output>
        </div>
      ) : (
        <div class="recorder">
          <button type="button" onClick={onRecord}>
            <Icon name="microphone" /> {recording ? "Record again" : "Record"}
          </button>
          <label class="button">
            Choose a file
            <input
              type="file"
              accept="audio/*"
              class="unseen"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file) recorder.choose(file);
                event.currentTarget.value = ""; // choosing the same file again must fire `change`
              }}
            />
          </label>
        </div>
      )}
      {phase === "reading" && (
        <p class="detail" role="status">
          Reading the file…
        </p>
      )}
      {recording && (
        // A recording has no captions: its text is in the field below.
        // oxlint-disable-next-line jsx-a11y/media-has-caption
        <audio controls src={recording.url} aria-label="The recording" />
      )}
      <FieldProblem text={recording?.problem || failed || problem} />
    </div>
  );
}
