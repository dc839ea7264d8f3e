/** The name of the conversation's model, with the models of the server as suggestions. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { ModelApi } from "../rest/model-api";
import type { Talk } from "../talk/talk";
import { texts } from "../texts";

interface Props {
  readonly talk: Talk;
  readonly value: string;
  readonly onChange: (name: string) => void;
}

export function ModelNameField({ talk, value, onChange }: Props): JSX.Element {
  // The text that the user is typing. Without this state, a render caused by an event would restore the old name.
  const [typed, setTyped] = useState<string | null>(null);
  const [used, models] = useServerModels(talk);
  return (
    <div class="field">
      <label for="model-name">{texts.model.model}</label>
      <input
        id="model-name"
        list={models.length > 0 ? "server-models" : undefined}
        maxLength={200}
        value={typed ?? value}
        placeholder={used || texts.model.serverDefault}
        spellcheck={false}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onChange={(event) => {
          const name = event.currentTarget.value.trim();
          setTyped(name);
          onChange(name);
        }}
      />
      <datalist id="server-models">
        {models.map((name) => (
          <option key={name} value={name}>{name}</option>
        ))}
      </datalist>
    </div>
  );
}

/** The default model, and the names of the server's models. Empty if they are not known: any name can be typed. */
function useServerModels(talk: Talk): readonly [string, readonly string[]] {
  const [used, setUsed] = useState("");
  const [models, setModels] = useState<readonly string[]>([]);
  const { demo } = talk.state.value;
  useEffect(() => {
    if (demo) return;
    const api = new ModelApi(talk.api);
    const load = async () => {
      const { source, model, address, may_change: mayAsk } = await api.overview();
      // The page may not know yet that this is the demo, which has no models to choose.
      if (source === "demo") return;
      setUsed(model);
      if (mayAsk) setModels((await api.models(address, "")).models);
    };
    load().catch(() => undefined);
  }, [demo]);
  return [used, models];
}
