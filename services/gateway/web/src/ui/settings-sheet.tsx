import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { shownSettings } from "../talk/page-state";
import { texts } from "../texts";
import type { ModelSettings } from "../wire/events";
import { ModelNameField } from "./model-name-field";
import { SliderField } from "./slider-field";
import { SLIDERS } from "./model-settings";
import { LorebookSection } from "./lorebook-section";
import { NoteField } from "./note-field";
import { Notices } from "./notices";
import { PersonasSection } from "./personas-section";
import { Sheet } from "./sheet";
import { SummarySection } from "./summary-section";

export function SettingsSheet({
  talk,
  onConnect,
  onClose,
}: {
  talk: Talk;
  onConnect: () => void;
  onClose: () => void;
}): JSX.Element {
  const settings = shownSettings(talk.state.value);
  const { conversationId, demo, settings: confirmed } = talk.state.value;
  const [refused, setRefused] = useState(false);
  const own = SLIDERS.filter(({ name }) => (settings[name] ?? null) !== null).length;
  // Closed, so that the persona, the note and the lorebook are in view. It opens as soon as the page knows of a changed
  // value, which may be after the panel opens. It does not close while the user resets a value.
  const [isOpened, setOpened] = useState(own > 0);
  if (own > 0 && !isOpened) setOpened(true);
  const change = (part: Partial<ModelSettings>) => setRefused(!talk.changes.settings(part));
  return (
    <Sheet title={texts.app.model} onClose={onClose}>
      {demo ? (
        <p class="demo-note" id="no-effect">
          {texts.model.demoNote}
        </p>
      ) : (
        <p class="lead">
          {texts.model.lead}
        </p>
      )}
      <button type="button" class={demo ? "primary" : ""} onClick={onConnect}>
        {demo ? texts.model.connect : texts.model.server}
      </button>
      {refused && (
        <p class="remark trouble" role="alert">
          {texts.model.notChanged}
        </p>
      )}
      <Notices talk={talk} place="settings" />
      <form class="form settings-form" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="form" aria-describedby={demo ? "no-effect" : undefined} disabled={confirmed === null}>
          <ModelNameField
            talk={talk}
            value={settings.model ?? ""}
            onChange={(name) => change({ model: name || null })}
          />
          <details class="field folded" open={isOpened}>
            <summary>
              {texts.model.advanced}
              <span class="detail">{own === 0 ? texts.model.unset : texts.character.changed(own)}</span>
            </summary>
            <div class="form">
              {SLIDERS.map((slider) => (
                <SliderField
                  key={slider.name}
                  slider={slider}
                  value={settings[slider.name] ?? null}
                  unset={texts.model.unset}
                  onChange={change}
                />
              ))}
            </div>
          </details>
        </fieldset>
      </form>
      <PersonasSection talk={talk} />
      <NoteField talk={talk} />
      {conversationId && <SummarySection key={conversationId} talk={talk} conversationId={conversationId} />}
      {conversationId && (
        <LorebookSection
          key={conversationId}
          owner={conversationId}
          lead={texts.lorebook.ofConversation}
          name={texts.conversations.fileName}
          load={() => talk.api.lorebook({ kind: "conversation", id: conversationId })}
          save={(book) => talk.api.saveLorebook({ kind: "conversation", id: conversationId }, book)}
        />
      )}
    </Sheet>
  );
}
