"""The word lists by which `directions` recognizes stage directions, in twelve languages."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH_VERBS: Final = """
smile laugh sigh nod grin chuckle wink giggle shrug smirk frown blush gasp whisper mutter mumble pause lean look glance
stare gaze tilt raise lift lower turn walk step sit stand wave point clap cough clear yawn stretch bow hug pat tap cross
roll shake scratch rub bite snort sob cry cackle beam pout purr growl groan hum sing gesture reach take put place hold
hand pull push open close squint blink shiver tremble stammer stutter sniff sniffle swallow exhale inhale breathe think
ponder hesitate snicker facepalm kiss dance jump twirl spin bounce scoff huff wince grimace scowl squeal moan whimper
tear wipe adjust tuck brush fidget twitch flinch snuggle cuddle poke nudge tickle applaud cheer shout yell scream hiss
bark meow sneeze hiccup gulp sip drink chew munch pace wander stroll lounge sprawl slump perk listen consider shudder
squeeze squeak wriggle wiggle wag bat flip toss drum strum whistle titter guffaw chortle sneer leer glare peer peek
crouch kneel rise wake doze snore salute curtsy flex fold unfold clasp clutch clench grab grip drop snap crack
"""
_DOUBLED: Final = _words("nod grin shrug hug pat tap clap sit sob spin hum rub wag bat flip strum grab grip drop put")


def _third_person(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "z")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2] not in "aeiou" else f"{verb}s"


def _participle(verb: str) -> str:
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    return f"{verb[:-1]}ing" if verb.endswith("e") else f"{verb}ing"


THIRD_PERSON: Final = frozenset(map(_third_person, _ENGLISH_VERBS.split()))
"""English verb forms that may also come after a subject: "(Rex grins)"."""

_AMBIGUOUS: Final = """
point hand place look turn step stand wave drop raise hold drink beam bow tap roll bite tear walk open close cheer shout
put push pull take reach lift cross sit consider listen pace bat set wake rise pat set hum sip chew lean pause bark drum
"""
AMBIGUOUS: Final = frozenset(map(_third_person, _AMBIGUOUS.split())) | frozenset(map(_participle, _AMBIGUOUS.split()))
"""Forms that are frequent in other text. They count only between sentences: "(looks away)", but not "It (looks
good)".
"""

VERBS: Final = (
    THIRD_PERSON
    | frozenset(map(_participle, _ENGLISH_VERBS.split()))
    | _words(
        """
        laughed smiled sighed nodded grinned chuckled winked giggled shrugged whispered gasped yawned

        lacht lächelt seufzt nickt grinst kichert zwinkert flüstert murmelt hustet räuspert gähnt schmunzelt schluchzt
        weint stöhnt brummt summt singt zuckt schüttelt winkt klatscht verbeugt errötet runzelt blinzelt starrt lehnt
        beugt dreht überlegt zögert pausiert atmet schnaubt strahlt lachend lächelnd seufzend nickend grinsend
        kichernd zwinkernd flüsternd murmelnd schmunzelnd gähnend weinend

        ríe rie sonríe suspira asiente guiña susurra murmura tose bosteza carraspea solloza llora aplaude saluda
        sonroja encoge sacude frunce ladea gime tararea riendo sonriendo suspirando asintiendo susurrando murmurando
        guiñando tosiendo llorando bostezando

        rit sourit soupire hoche glousse ricane chuchote murmure tousse bâille sanglote pleure applaudit salue hausse
        secoue fronce rougit fredonne gémit riant souriant soupirant chuchotant murmurant hochant

        ride sorride sospira annuisce ridacchia sussurra mormora tossisce sbadiglia singhiozza piange applaude
        arrossisce
        scuote alza ammicca sogghigna ridendo sorridendo sospirando annuendo sussurrando mormorando ammiccando

        ri sorri suspira acena assente gargalha sussurra murmura boceja soluça dá chora aplaude pisca rindo sorrindo
        suspirando acenando sussurrando murmurando piscando chorando

        lacht haalt glimlacht zucht knikt grijnst giechelt knipoogt fluistert mompelt hoest gaapt snikt huilt
        zwaait bloost
        lachend glimlachend zuchtend knikkend grijnzend giechelend knipogend fluisterend mompelend

        śmieje uśmiecha wzdycha kiwa chichocze mruga szepcze mamrocze kaszle ziewa szlocha płacze klaszcze macha
        rumieni wzrusza marszczy śmiejąc uśmiechając wzdychając kiwając chichocząc szepcząc mrugając

        смеётся смеется улыбается вздыхает кивает хихикает ухмыляется усмехается подмигивает шепчет бормочет кашляет
        зевает всхлипывает плачет хлопает машет краснеет хмурится пожимает качает молчит задумывается смеясь
        улыбаясь вздыхая кивая хихикая усмехаясь подмигивая шёпотом шепотом

        güler gülüyor gülümser gülümsüyor kıkırdar fısıldar fısıldıyor mırıldanır öksürür esner ağlar alkışlar
        çeker kırpar
        sırıtır gülerek gülümseyerek fısıldayarak kıkırdayarak sırıtarak ağlayarak
        """
    )
)
"""Verb forms with which a stage direction begins."""

REFLEXIVES: Final = _words(
    "se si s' sich zich się iç göz hij ze zij er sie il elle el él ella lui lei ele ela on ona он она"
)
"""Pronouns before the verb of a stage direction: "(se ríe)", "(elle sourit)"; and "she", "he", "they"."""

SUBJECTS: Final = REFLEXIVES | _words("he she they it still then also and slowly")

MANNERS: Final = _words(
    """
    softly quietly gently silently nervously sarcastically teasingly playfully cheerfully sadly angrily happily warmly
    thoughtfully dramatically excitedly shyly sheepishly awkwardly mischievously proudly dreamily sleepily
    loudly slowly hesitantly bitterly coldly tenderly lovingly mockingly dryly wryly sternly calmly grumpily smugly
    whispered offscreen aside voice-over deadpan

    leise sanft lächelnd schmunzelnd flüsternd nachdenklich traurig fröhlich verlegen ironisch

    suavemente bajito tímidamente tristemente irónicamente pensativo pensativa dramáticamente

    doucement tristement tendrement ironiquement pensif pensive timidement

    dolcemente sottovoce tristemente timidamente pensieroso pensierosa ironicamente

    baixinho docemente tristemente timidamente pensativo pensativa ironicamente

    zachtjes peinzend verdrietig zacht

    cicho szeptem łagodnie smutno nieśmiało zamyślony zamyślona ironicznie

    тихо мягко грустно задумчиво робко весело иронично нежно

    sessizce usulca yavaşça hüzünle neşeyle nazikçe
    """
)
"""Words for the manner of speaking. Alone they are a stage direction: "(softly)", "(leise)"."""

PHRASES: Final = (
    "en voz baja", "en susurros", "entre risas", "con una sonrisa", "à voix basse", "en riant", "en souriant",
    "avec un sourire", "en soupirant", "en chuchotant", "a bassa voce", "con un sorriso", "tra sé", "em voz baixa",
    "com um sorriso", "aos risos", "mit leiser stimme", "mit einem lächeln", "met een glimlach", "z uśmiechem",
    "с улыбкой", "со смехом", "kısık sesle", "under her breath", "under his breath",
    "to himself", "to herself", "sound of", "sounds of",
)  # fmt: skip
"""Phrases with which a stage direction begins."""

NOUNS: Final = _words(
    """
    laugh laughs sigh giggle chuckle gasp pause cough wink whisper laughter applause silence beat sob grin smile smirk
    shrug nod yawn groan snort gulp chuckles giggles sniffle music footsteps thunder

    pause lachen seufzer gelächter stille applaus kichern räuspern
    pausa risa risas suspiro silencio aplausos
    rires sourire soupir silence applaudissements
    risata risate sospiro silenzio applausi
    risos riso silêncio
    gelach zucht stilte
    śmiech westchnienie cisza pauza brawa
    смех вздох пауза тишина аплодисменты
    kahkaha sessizlik duraklama alkış
    """
)
"""Nouns that are a stage direction alone, or with one or two words before them: "(long pause)"."""

ADJECTIVES: Final = _words(
    """
    a an the one soft softly long short nervous quiet small little slight heavy deep awkward brief loud faint gentle
    distant dramatic eine ein lange kurze leises leise una un larga corta breve longue courte lunga petit une uma longa
    een lange korte długa krótka долгая короткая тяжёлый uzun kısa
    """
)

BODY: Final = _words("eyes voice face hands ears tail jaw eyebrows shoulders")
"""Parts of the body. Between sentences, a stage direction may begin with one: "(eyes widen)"."""

NOT_AFTER: Final = _words("are is were was of that have has can will do does did would could in")
"""After a form in -s, these words show that the form is a plural noun, not a verb: "(smiles are free)"."""

PARTICLES: Final = _words(
    """
    at to into up down away back over out off on around toward towards through his her their its the a an my your with
    in against behind forward slightly again once
    """
)
"""After an unknown form in -s or -ing, these words show that the form is an English verb."""

NO_VERBS: Final = _words(
    """
    yes this his its was is has as always sometimes perhaps thanks besides unless lots thus plus across less nothing
    something anything everything during according including being having considering assuming regarding meaning
    speaking depending talking things towards sorry guess ours yours theirs hers us does goes means says seems depends
    """
)
"""Words in -s and -ing with which no stage direction begins."""

WIDE: Final = (
    "笑", "哭", "泣", "叹", "嘆", "ため息", "溜息", "怒", "汗", "轻声", "輕聲", "小声", "小聲", "低声", "低聲",
    "沉默", "沈默", "沈黙", "停顿",
    "停頓", "点头", "點頭", "うなず", "頷", "照れ", "ながら", "着说", "著說", "咳", "鼓掌", "拍手", "ウィンク",
    "眨", "挥手", "揮手",
    "手を振", "首を", "摇头", "搖頭", "微笑", "にこ", "にっこ", "ニコ", "くす", "クス", "ささや", "囁", "つぶや", "呟",
    "耸肩", "聳肩", "脸红", "赤面",
    "拥抱", "擁抱", "웃", "한숨", "미소", "속삭", "울",
)  # fmt: skip
"""Chinese, Japanese and Korean text that occurs in stage directions."""
NOT_WIDE: Final = ("お笑い", "サウ")
