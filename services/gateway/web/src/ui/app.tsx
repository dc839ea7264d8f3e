/** The page: header, table, transcript, and the two ways to speak. */

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Talk } from "../talk/talk";
import { texts } from "../texts";
import type { Addressee } from "./addressee";
import { Banner } from "./banner";
import { CharactersSheet } from "./characters-sheet";
import { isComposing } from "./composing";
import { Composer } from "./composer";
import { ConnectSheet } from "./connect-sheet";
import { isConversationFile } from "./conversation-file";
import { ConversationsSheet } from "./conversations-sheet";
import { useFileDrop } from "./file-drop";
import { Icon } from "./icons";
import { InsideSheet } from "./inside-sheet";
import { usePanel } from "./panel-history";
import { People } from "./people";
import { isOverlayOpen } from "./popover";
import { keptHues, loadHues, saveHues } from "./former-hues";
import { usePictureHues } from "./picture-hue";
import { Scene } from "./scene";
import { SettingsSheet } from "./settings-sheet";
import { SoundSheet } from "./sound-sheet";
import { TalkControl } from "./talk-control";
import { Transcript } from "./transcript";

type Panel = "talks" | "characters" | "model" | "connect" | "inside" | "sound";

export function App({ talk }: { talk: Talk }): JSX.Element {
  const { characters, demo, announcement } = talk.state.value;
  const [panel, setPanel, close] = usePanel<Panel>(() => talk.conversations.isLeaving);
  const hues = usePictureHues(characters);
  const former = useRef(loadHues());
  const people = useMemo(() => new People(characters, hues, former.current), [characters, hues]);
  useEffect(() => {
    former.current = keptHues(former.current, people.hues());
    saveHues(former.current);
  }, [people]);
  const [addressee, setAddressee] = useState<Addressee>("");
  const [edited, setEdited] = useState("");
  const openCharacters = (characterId: string) => {
    setEdited(characterId);
    setPanel("characters");
  };
  const ask = (characterId: string) => {
    setAddressee(characterId);
    document.getElementById("message")?.focus();
  };
  const [dropped, setDropped] = useState<File | null>(null);
  const isFileOver = useFileDrop((file) => {
    void isConversationFile(file).then((isConversation) => {
      setDropped(file);
      if (isConversation) setPanel("talks");
      else openCharacters("");
    });
  });
  useStopKey(talk);
  return (
    <>
      <a class="skip" href="#message">
        {texts.app.skip}
      </a>
      <header class="head">
        <div class="title">
          <h1>Tertulia</h1>
          {demo && (
            <button type="button" class="demo" title={texts.app.demoHint} onClick={() => setPanel("connect")}>
              {texts.app.demo}
            </button>
          )}
        </div>
        <nav aria-label={texts.app.panels}>
          <PanelButton icon="talks" label={texts.app.conversations} onClick={() => setPanel("talks")} />
          <PanelButton icon="people" label={texts.app.characters} onClick={() => openCharacters("")} />
          <PanelButton icon="sliders" label={texts.app.model} onClick={() => setPanel("model")} />
          <PanelButton icon="inside" label={texts.app.inside} onClick={() => setPanel("inside")} />
        </nav>
      </header>
      <Banner talk={talk} />
      <main class="room">
        <Scene talk={talk} people={people} onAsk={ask} onCharacters={openCharacters} />
        <TalkControl talk={talk} onSettings={() => setPanel("sound")} />
        <Transcript talk={talk} people={people} />
        <Composer talk={talk} people={people} addressee={addressee} onAddress={setAddressee} />
      </main>
      <p class="unseen" aria-live="polite">
        {announcement}
      </p>
      {panel === "talks" && (
        <ConversationsSheet talk={talk} file={dropped} onFileTaken={() => setDropped(null)} onClose={close} />
      )}
      {panel === "characters" && (
        <CharactersSheet
          talk={talk}
          people={people}
          first={edited}
          file={dropped}
          onFileTaken={() => setDropped(null)}
          onClose={close}
        />
      )}
      {isFileOver && panel === null && <p class="drop-hint">{texts.cards.drop}</p>}
      {panel === "model" && <SettingsSheet talk={talk} onConnect={() => setPanel("connect")} onClose={close} />}
      {panel === "connect" && <ConnectSheet talk={talk} onClose={close} />}
      {panel === "sound" && <SoundSheet talk={talk} onClose={close} />}
      {panel === "inside" && <InsideSheet talk={talk} people={people} onClose={close} />}
    </>
  );
}

function PanelButton({
  icon,
  label,
  onClick,
}: {
  icon: Parameters<typeof Icon>[0]["name"];
  label: string;
  onClick: () => void;
}): JSX.Element {
  return (
    <button type="button" class="panel-button" onClick={onClick} title={label}>
      <Icon name={icon} />
      <span>{label}</span>
    </button>
  );
}

/** Esc interrupts the characters, unless it closes a panel or a menu. */
function useStopKey(talk: Talk): void {
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !isComposing(event) && !isOverlayOpen()) talk.stop();
    };
    addEventListener("keydown", down);
    return () => removeEventListener("keydown", down);
  }, [talk]);
}
