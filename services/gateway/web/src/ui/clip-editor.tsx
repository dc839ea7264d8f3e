/** The part of a character's form in which the user makes a voice from a recording. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { base64, LONGEST_S, SHORTEST_S } from "../audio/recording";
import type { Clip } from "../rest/api";
import type { RequestFailed } from "../rest/problem";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import { FileButton } from "./file-button";
import { FieldProblem } from "./field-problem";
import { Icon } from "./icons";
import { whatIsMissing } from "./new-clip";
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
      aria-label={texts.clips.editor}
      // The fields are inside the character's form, which Enter would send.
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
      }}
    >
      <div class="field">
        <label for="clip-language">{texts.clips.language}</label>
        <select id="clip-language" value={language} onChange={(event) => setLanguage(event.currentTarget.value)}>
          {LANGUAGES.map((tag) => (
            <option key={tag} value={tag}>
              {tag === "und" ? texts.clips.otherLanguage : languageName(tag)}
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
        <label for="clip-transcript">{texts.clips.transcript}</label>
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
        <label for="clip-name">{texts.clips.name}</label>
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
        <span>{texts.clips.consent}</span>
      </label>
      <p class="detail">
        {texts.clips.privacy}
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
          {texts.clips.makeIt}
        </button>
        <button type="button" onClick={onCancel}>
          {texts.clips.cancel}
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
        {texts.clips.requirement(SHORTEST_S, LONGEST_S)} {text ? texts.clips.readAloud : texts.clips.saySomething}
      </p>
      {text && (
        <blockquote class="reading-text" dir="auto">
          {text}
        </blockquote>
      )}
      {isRecording ? (
        <div class="recorder">
          <button type="button" class="primary" disabled={phase === "opening"} onClick={recorder.stop}>
            <Icon name="stop" /> {texts.clips.stop}
          </button>
          <meter aria-label={texts.clips.level} min={0} max={1} value={Math.min(1, level * 4)} />
          <output>
            {texts.clips.progress(seconds.toFixed(0), LONGEST_S)}
          </output>
        </div>
      ) : (
        <div class="recorder">
          <button type="button" onClick={onRecord}>
            <Icon name="microphone" /> {recording ? texts.clips.recordAgain : texts.clips.record}
          </button>
          <FileButton text={texts.clips.chooseFile} accept="audio/*" onChoose={(file) => recorder.choose(file)} />
        </div>
      )}
      {phase === "reading" && (
        <p class="detail" role="status">
          {texts.clips.reading}
        </p>
      )}
      {recording && (
        // A recording has no captions: its text is in the field below.
        // oxlint-disable-next-line jsx-a11y/media-has-caption
        <audio controls src={recording.url} aria-label={texts.clips.recording} />
      )}
      <FieldProblem text={recording?.problem || failed || problem} />
    </div>
  );
}
