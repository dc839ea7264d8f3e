"""The voices of a speech engine: CPU time, first sound, level and pitch, and how many words a recognizer mishears.

    python -m bench.voices --engine kokoro                          the voices luna, rex and sage
    python -m bench.voices --engine kokoro --voices all --judge

The judge is the engine `whisper` with its default model, which knows the language. It counts as an error if it spells a
word differently ("theater"), and it makes errors with human voices, too. CPU seconds are the firm figures: the times
also depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import soxr

from bench.recognition import hear
from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES, find_engine
from tertulia_shared.settings import load
from tertulia_stt.engines import load_engine as load_recognizer
from tertulia_stt.settings import STTSettings
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, EngineError, SpeechEngine, Voice
from tertulia_tts.engines import load_engine
from tertulia_tts.settings import TTSSettings
from tests.harness.pcm_analysis import level_dbfs, pitch_hz, samples
from tests.harness.word_errors import word_errors, words

SEED: Final = 20
JUDGE_RATE: Final = 16_000
SENTENCES: Final[Mapping[str, Sequence[str]]] = {
    "en": (
        "I was just thinking about lunch, and what we could cook together for everybody.",
        "The sea was calm that night, and the old keeper told me a story about a ship that never came home.",
        "Of course, we will see what the weather is like tomorrow.",
        "Do you remember the little house behind the station?",
        "She opened the window, because the room was warm, and listened to the rain for a while.",
        "My brother works in a hospital, and my sister plays the piano in a small hall.",
        "How long does it take to walk from here to the river?",
        "We should ask somebody who knows the way through the forest.",
    ),
    "de": (
        "Ich habe gerade an das Mittagessen gedacht, und was wir zusammen kochen könnten.",
        "Das Meer war ruhig in jener Nacht, und der alte Wärter erzählte mir eine Geschichte von einem Schiff.",
        "Natürlich, morgen sehen wir, wie das Wetter wird.",
        "Erinnerst du dich an das kleine Haus hinter dem Bahnhof?",
        "Sie öffnete das Fenster, weil es im Zimmer warm war, und hörte lange dem Regen zu.",
        "Mein Bruder arbeitet in einem Krankenhaus, und meine Schwester spielt Klavier in einem kleinen Theater.",
        "Wie lange dauert der Weg von hier bis zum Fluss?",
        "Wir sollten jemanden fragen, der den Weg durch den Wald kennt.",
        "Der Zug war zwölf Minuten zu spät, aber niemand hat sich beschwert.",
        "Kannst du mir bitte noch einmal erklären, was du gestern gesagt hast?",
    ),
    "es": (
        "Estaba pensando en la comida, y en lo que podríamos cocinar juntos.",
        "El mar estaba tranquilo aquella noche, y el viejo guardián me contó una historia.",
        "Claro, mañana veremos qué tiempo hace.",
        "¿Te acuerdas de la pequeña casa detrás de la estación?",
        "Abrió la ventana, porque hacía calor en la habitación, y escuchó la lluvia durante mucho tiempo.",
        "Mi hermano trabaja en un hospital, y mi hermana toca el piano en un pequeño teatro.",
        "¿Cuánto tiempo se tarda en llegar desde aquí hasta el río?",
        "Deberíamos preguntar a alguien que conozca el camino por el bosque.",
        "El tren llegó doce minutos tarde, pero nadie se quejó.",
    ),
    "fr": (
        "Je pensais au déjeuner, et à ce que nous pourrions cuisiner ensemble.",
        "La mer était calme cette nuit, et le vieux gardien me racontait une histoire.",
        "Bien sûr, nous verrons demain quel temps il fait.",
        "Est-ce que tu te souviens de la petite maison derrière la gare ?",
        "Elle ouvrit la fenêtre, parce que la chambre était chaude, et elle écouta longtemps la pluie.",
        "Mon frère travaille dans un hôpital, et ma sœur joue du piano dans un petit théâtre.",
        "Combien de temps faut-il pour aller à pied jusqu'à la rivière ?",
        "Nous devrions demander à une personne qui connaît le chemin dans la forêt.",
        "Le train avait beaucoup de retard, mais personne ne disait rien.",
    ),
    "hi": (
        "मैं बस दोपहर के खाने के बारे में सोच रहा था, और हम साथ में क्या पका सकते हैं।",
        "उस रात समुद्र शांत था, और बूढ़े आदमी ने मुझे एक जहाज की कहानी सुनाई।",
        "कल देखेंगे कि मौसम कैसा रहता है।",
        "क्या तुम्हें स्टेशन के पीछे वाला छोटा घर याद है?",
        "कमरा गरम था, इसलिए उसने खिड़की खोली और देर तक बारिश की आवाज सुनी।",
        "मेरा भाई अस्पताल में काम करता है, और मेरी बहन एक छोटे स्कूल में पढ़ाती है।",
        "यहाँ से नदी तक पैदल जाने में कितना समय लगता है?",
        "हमें किसी से पूछना चाहिए जो जंगल का रास्ता जानता हो।",
    ),
    "it": (
        "Stavo pensando al pranzo, e a cosa potremmo cucinare insieme.",
        "Il mare era calmo quella notte, e il vecchio guardiano mi raccontò una storia.",
        "Certo, domani vedremo che tempo fa.",
        "Ti ricordi la piccola casa dietro la stazione?",
        "Aprì la finestra, perché nella stanza faceva caldo, e ascoltò a lungo la pioggia.",
        "Mio fratello lavora in un ospedale, e mia sorella suona il pianoforte in un piccolo teatro.",
        "Quanto tempo ci vuole per andare a piedi da qui al fiume?",
        "Dovremmo chiedere a qualcuno che conosce la strada nel bosco.",
        "Il treno era in ritardo di dodici minuti, ma nessuno si è lamentato.",
        "Puoi spiegarmi ancora una volta quello che hai detto ieri?",
    ),
    "pt": (
        "Eu estava pensando no almoço, e no que poderíamos cozinhar juntos.",
        "O mar estava calmo naquela noite, e o velho guarda me contou uma história.",
        "Claro, amanhã vamos ver como está o tempo.",
        "Você se lembra da pequena casa atrás da estação?",
        "Ela abriu a janela, porque o quarto estava quente, e ouviu a chuva por muito tempo.",
        "Meu irmão trabalha em um hospital, e minha irmã toca piano em um pequeno teatro.",
        "Quanto tempo demora para ir a pé daqui até o rio?",
        "Deveríamos perguntar a alguém que conhece o caminho pela floresta.",
        "O trem chegou com muito atraso, mas ninguém reclamou.",
    ),
}
"""What each voice says, by its language: at least 90 words."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence: its PCM, and the seconds until its first piece and in all."""

    pcm: bytes
    first_s: float
    wall_s: float
    cpu_s: float

    @property
    def seconds(self) -> float:
        return len(self.pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE


async def speak(engine: SpeechEngine, text: str, voice: str) -> Spoken:
    """Speak a sentence."""
    pcm, first_s = b"", 0.0
    began, cpu = time.perf_counter(), time.process_time()
    async with aclosing(engine.synthesize(text, voice, SEED)) as pieces:
        async for piece in pieces:
            first_s = first_s or time.perf_counter() - began
            pcm += piece
    return Spoken(pcm, first_s, time.perf_counter() - began, time.process_time() - cpu)


async def transcripts(spoken: Sequence[Spoken], language: str) -> list[str]:
    """What the engine `whisper` hears if it knows the language, but no names."""
    settings = load(find_engine(STT_ENGINES, "whisper").spec().settings)
    known = settings.model_copy(update={"stt_language": language, "stt_words": ""})
    recognizer = load_recognizer("whisper", cast("STTSettings", known))
    await recognizer.start()
    pause = bytes(2 * JUDGE_RATE)
    texts = [await hear(recognizer, pause + _at_judge_rate(one.pcm) + pause) for one in spoken]
    await recognizer.close()
    return texts


def _at_judge_rate(pcm: bytes) -> bytes:
    return soxr.resample(np.frombuffer(pcm, "<i2"), SAMPLE_RATE, JUDGE_RATE).astype("<i2").tobytes()


async def measure(engine: SpeechEngine, voice: Voice, *, is_judged: bool) -> None:
    """Let a voice speak its sentences, and print one line about it."""
    language = voice.language.partition("-")[0]
    texts = SENTENCES.get(language, ())
    if not texts:
        return
    spoken = [await speak(engine, text, voice.id) for text in texts]
    pcm = b"".join(one.pcm for one in spoken)
    seconds = sum(one.seconds for one in spoken)
    line = (
        f"{voice.id:14} {voice.language:6} {sum(map(len, texts)) / seconds:4.1f} characters/s  "
        f"{level_dbfs(pcm):6.1f} dBFS, peak {np.abs(samples(pcm)).max() / 32768:4.2f}  {pitch_hz(pcm):4.0f} Hz  "
        f"CPU {sum(one.cpu_s for one in spoken) / seconds:5.3f}  "
        f"RTF {sum(one.wall_s for one in spoken) / seconds:5.2f}  "
        f"first sound {', '.join(f'{one.first_s:.2f}' for one in spoken)} s"
    )
    if is_judged:
        said = [words(text, language) for text in texts]
        heard = [words(text, language) for text in await transcripts(spoken, language)]
        wrong = [word_errors(*pair) for pair in zip(said, heard, strict=True)]
        count = sum(map(len, said))
        line += f"  misheard {sum(wrong)} of {count} words, {100 * sum(wrong) / count:.1f} of 100"
        line += "".join(f"\n    {' '.join(words)}" for words, count in zip(heard, wrong, strict=True) if count)
    print(line, flush=True)


async def main() -> None:
    """Run the benchmark and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="kokoro", help="(%(default)s)")
    parser.add_argument("--voices", default="luna,rex,sage", help="names, comma-separated, or all (%(default)s)")
    parser.add_argument("--judge", action="store_true", help="count the words that the engine whisper mishears")
    asked = parser.parse_args()
    try:
        settings = load(find_engine(TTS_ENGINES, asked.engine).spec().settings)
        engine = load_engine(asked.engine, cast("TTSSettings", settings))
        began = time.perf_counter()
        await engine.start()
    except EngineError as error:
        sys.exit(f"bench: {error}")
    print(f"ready after {time.perf_counter() - began:.1f} s, {_memory_mb():.0f} MB", flush=True)
    try:
        for voice in engine.voices():
            if asked.voices == "all" or voice.id in asked.voices.split(","):
                await measure(engine, voice, is_judged=asked.judge)
    finally:
        await engine.close()
    print(f"at most {_memory_mb():.0f} MB" + (" with the judge" if asked.judge else ""))


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    asyncio.run(main())
