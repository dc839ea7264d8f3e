"""The verbs by which `directions` recognizes stage directions, in twelve languages."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH_VERBS: Final = """
smile laugh sigh nod grin chuckle wink giggle shrug smirk frown
    blush gasp whisper mutter mumble pause lean look glance
stare gaze tilt raise lift lower turn walk step sit stand wave
    point clap cough clear yawn stretch bow hug pat tap cross
roll shake scratch rub bite snort sob cry cackle beam pout purr growl groan hum sing gesture reach take put place hold
hand pull push open close squint blink shiver tremble stammer
    stutter sniff sniffle swallow exhale inhale breathe think
ponder hesitate snicker facepalm kiss dance jump twirl spin bounce scoff huff wince grimace scowl squeal moan whimper
tear wipe adjust tuck brush fidget twitch flinch snuggle cuddle poke nudge tickle applaud cheer shout yell scream hiss
bark meow sneeze hiccup gulp sip drink chew munch pace wander stroll lounge sprawl slump perk listen consider shudder
squeeze squeak wriggle wiggle wag bat flip toss drum strum whistle titter guffaw chortle sneer leer glare peer peek
crouch kneel rise wake doze snore salute curtsy flex fold unfold clasp clutch clench grab grip drop snap crack
stroke furrow
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
point hand place look turn step stand wave drop raise hold drink
    beam bow tap roll bite tear walk open close cheer shout
put push pull take reach lift cross sit consider listen pace
    bat set wake rise pat set hum sip chew lean pause bark drum
think sing dance stroke jump
"""
AMBIGUOUS: Final = frozenset(map(_third_person, _AMBIGUOUS.split())) | frozenset(map(_participle, _AMBIGUOUS.split()))
"""Forms that are frequent in other text. They count only between sentences: "(looks away)", but not "It (looks
good)".
"""

FIRST_PERSON: Final = _words(_ENGLISH_VERBS) - _words("think consider")
"""English verb forms after "I" and "they": "(They both laugh.)"."""

PARTICIPLES: Final = frozenset(map(_participle, _ENGLISH_VERBS.split())) | _words(
    """
    laughed smiled sighed nodded grinned chuckled winked giggled shrugged whispered gasped yawned

    lachend lächelnd seufzend nickend grinsend kichernd zwinkernd flüsternd murmelnd schmunzelnd gähnend weinend

    riendo sonriendo suspirando asintiendo susurrando murmurando guiñando tosiendo llorando bostezando

    riant souriant soupirant chuchotant murmurant hochant

    ridendo sorridendo sospirando annuendo sussurrando mormorando ammiccando

    rindo sorrindo suspirando acenando sussurrando murmurando piscando chorando

    lachend glimlachend zuchtend knikkend grijnzend giechelend knipogend fluisterend mompelend

    śmiejąc uśmiechając wzdychając kiwając chichocząc szepcząc mrugając

    смеясь улыбаясь вздыхая кивая хихикая усмехаясь подмигивая шёпотом шепотом

    gülerek gülümseyerek fısıldayarak kıkırdayarak sırıtarak ağlayarak
    """
)
"""Forms that count only between sentences: "(laughing)", but not "I love dancing (and singing)"."""

VERBS: Final = (
    THIRD_PERSON
    | PARTICIPLES
    | _words(
        """
        lacht lächelt seufzt nickt grinst kichert zwinkert flüstert murmelt hustet räuspert gähnt schmunzelt schluchzt
        weint stöhnt brummt summt singt zuckt schüttelt winkt klatscht verbeugt errötet runzelt blinzelt starrt lehnt
        beugt dreht überlegt zögert pausiert atmet schnaubt strahlt umarmt grübelt prustet jubelt nippt streckt

        ríe rie sonríe suspira asiente guiña susurra murmura tose bosteza carraspea solloza llora aplaude saluda
        sonroja encoge sacude frunce ladea gime tararea ríen

        rit sourit soupire hoche glousse ricane chuchote murmure tousse bâille sanglote pleure applaudit salue hausse
        secoue fronce rougit fredonne gémit acquiesce

        ride sorride sospira annuisce ridacchia sussurra mormora tossisce sbadiglia singhiozza piange applaude
        arrossisce scuote alza ammicca sogghigna

        ri sorri suspira acena assente gargalha sussurra murmura boceja soluça chora aplaude pisca

        lacht glimlacht zucht knikt grijnst giechelt knipoogt fluistert mompelt hoest gaapt snikt huilt
        zwaait bloost grinnikt

        śmieje uśmiecha wzdycha kiwa chichocze mruga szepcze mamrocze kaszle ziewa szlocha płacze klaszcze macha
        rumieni wzrusza marszczy odchrząkuje przytula

        смеётся смеется улыбается вздыхает кивает хихикает ухмыляется усмехается подмигивает шепчет бормочет кашляет
        зевает всхлипывает плачет хлопает машет краснеет хмурится пожимает качает молчит задумывается откашливается
        обнимает рассмеялась рассмеялся засмеялась засмеялся улыбнулась улыбнулся вздохнула вздохнул кивнула кивнул
        подмигнула подмигнул прошептала прошептал

        güler gülüyor gülümser gülümsüyor kıkırdar fısıldar fısıldıyor mırıldanır öksürür esner ağlar alkışlar
        kırpar sırıtır silker sarılır
        """
    )
)
"""Verb forms with which a stage direction begins."""

ACTIONS: Final = (
    "setzt sich", "steht auf und", "steht langsam auf", "hebt eine augenbraue",
    "hebt die hand", "rollt mit den augen", "verdreht die augen",
    "legt den kopf", "blickt auf", "schaut zur", "schaut weg", "trinkt einen schluck", "nimmt einen schluck",
    "levanta una ceja", "alza una ceja", "arquea una ceja", "se aclara la", "te abraza", "la abraza", "lo abraza",
    "hace una pausa", "pone los ojos", "se sienta", "se levanta", "se rasca", "toma un sorbo", "mira a los lados",
    "se ruboriza", "rompe a reír", "suelta una",
    "lève un sourcil", "lève les yeux", "se racle", "s'éclaircit", "fait un clin", "fait une pause", "éclate de rire",
    "s'assoit", "s'assied", "se lève", "te prend dans", "te serre", "se gratte", "se penche", "prend une gorgée",
    "fa l'occhiolino", "fa una pausa", "si schiarisce", "si siede", "si alza", "si gratta", "si sporge",
    "scoppia a ridere", "ti abbraccia", "strizza l'occhio", "inarca un", "si mette a ridere", "si stringe nelle",
    "abraça você", "te abraça", "abraça-te", "limpa a garganta",
    "pigarreia", "levanta uma sobrancelha", "dá de ombros",
    "dá uma risada", "dá um sorriso", "dá uma piscadela", "revira os olhos", "faz uma pausa", "encolhe os ombros",
    "haalt zijn schouders", "haalt haar schouders", "haalt schouders", "haalt diep adem",
    "schraapt zijn", "schraapt haar", "schraapt de", "denkt na", "gaat zitten", "staat op", "trekt een wenkbrauw",
    "rolt met", "omhelst je", "omhelst hem", "omhelst haar", "slaat een arm",
    "przewraca oczami", "puszcza oko", "puszcza oczko", "unosi brew", "drapie się", "odchrząkuje", "obejmuje cię",
    "закатывает глаза", "поднимает бровь", "чешет затылок", "садится рядом", "разводит руками", "пожала плечами",
    "iç çeker", "içini çeker", "kahkaha atar", "boğazını temizler", "kaşını kaldırır",
    "gözlerini devirir", "başını sallar", "omuz silkiyor",
)  # fmt: skip
"""Verbs with an object, whose verb alone is frequent in other text: "(steht auf)", "(dá de ombros)"."""

ALONE_ACTIONS: Final = (
    "umarmt", "steht auf", "abraça", "rire", "carcajada", "carcajadas", "gargalhada", "siada", "садится", "réfléchit",
    "pigarreia", "rs", "schraapt",
)  # fmt: skip
"""Spans that are a stage direction as a whole."""
