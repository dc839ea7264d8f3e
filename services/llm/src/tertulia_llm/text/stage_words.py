"""Words of stage directions in twelve languages, for `directions`."""

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
crouch kneel rise wake doze snore salute curtsy flex fold unfold clasp clutch clench grab grip drop snap crack stroke furrow
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
"""English forms that also stand after a subject: "(Rex grins)"."""

_AMBIGUOUS: Final = """
point hand place look turn step stand wave drop raise hold drink beam bow tap roll bite tear walk open close cheer shout
put push pull take reach lift cross sit consider listen pace bat set wake rise pat set hum sip chew lean pause bark drum
think sing dance stroke
"""
AMBIGUOUS: Final = frozenset(map(_third_person, _AMBIGUOUS.split())) | frozenset(map(_participle, _AMBIGUOUS.split()))
"""Forms that are common in other text: a direction only between sentences ("(looks away)", not "It (looks good)")."""

FIRST_PERSON: Final = _words(_ENGLISH_VERBS) - _words("think consider")
"""English forms after "I" and "they": "(They both laugh.)"."""

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
"""Forms that begin a direction between sentences only: "(laughing)", not "I love dancing (and singing)"."""

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

        lacht haalt glimlacht zucht knikt grijnst giechelt knipoogt fluistert mompelt hoest gaapt snikt huilt
        zwaait bloost grinnikt

        śmieje uśmiecha wzdycha kiwa chichocze mruga szepcze mamrocze kaszle ziewa szlocha płacze klaszcze macha
        rumieni wzrusza marszczy odchrząkuje przytula

        смеётся смеется улыбается вздыхает кивает хихикает ухмыляется усмехается подмигивает шепчет бормочет кашляет
        зевает всхлипывает плачет хлопает машет краснеет хмурится пожимает качает молчит задумывается откашливается
        обнимает рассмеялась рассмеялся засмеялась засмеялся улыбнулась улыбнулся вздохнула вздохнул кивнула кивнул
        подмигнула подмигнул прошептала прошептал

        güler gülüyor gülümser gülümsüyor kıkırdar fısıldar fısıldıyor mırıldanır öksürür esner ağlar alkışlar
        çeker kırpar sırıtır silker sarılır
        """
    )
)
"""Verb forms that begin a stage direction."""

REFLEXIVES: Final = _words(
    "se s' sich zich się iç göz omuz hij ze zij er sie il elle el él ella lui lei ele ela on ona он она"
)
"""Pronouns before the verb of a direction: "(se ríe)", "(elle sourit)"; and "she", "he", "they"."""

SUBJECTS: Final = REFLEXIVES | _words("he she they it both still then also and slowly")

MANNERS: Final = _words(
    """
    softly quietly gently silently nervously sarcastically teasingly playfully cheerfully sadly angrily happily warmly
    thoughtfully dramatically excitedly shyly sheepishly awkwardly mischievously proudly dreamily sleepily
    loudly slowly hesitantly bitterly coldly tenderly lovingly mockingly dryly wryly sternly calmly grumpily smugly
    whispered offscreen aside voice-over deadpan
    ahem drumroll whoosh thud

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
"""Words for the manner of speaking that are a direction on their own: "(softly)", "(leise)"."""

ACTIONS: Final = (
    "setzt sich", "steht auf", "hebt eine augenbraue", "hebt die hand", "rollt mit den augen", "verdreht die augen",
    "legt den kopf", "blickt auf", "schaut zur", "schaut weg", "trinkt einen schluck", "nimmt einen schluck",
    "levanta una ceja", "alza una ceja", "arquea una ceja", "se aclara la", "te abraza", "la abraza", "lo abraza",
    "hace una pausa", "pone los ojos", "se sienta", "se levanta", "se rasca", "toma un sorbo", "mira a los lados",
    "se ruboriza", "rompe a reír", "suelta una",
    "lève un sourcil", "lève les yeux", "se racle", "s'éclaircit", "fait un clin", "fait une pause", "éclate de rire",
    "s'assoit", "s'assied", "se lève", "te prend dans", "te serre", "se gratte", "se penche", "prend une gorgée",
    "fa l'occhiolino", "fa una pausa", "si schiarisce", "si siede", "si alza", "si gratta", "si sporge",
    "scoppia a ridere", "ti abbraccia", "strizza l'occhio", "inarca un", "si mette a ridere", "si stringe nelle",
    "abraça você", "te abraça", "abraça-te", "limpa a garganta", "pigarreia", "levanta uma sobrancelha", "dá de ombros",
    "dá uma risada", "dá um sorriso", "dá uma piscadela", "revira os olhos", "faz uma pausa", "encolhe os ombros",
    "schraapt zijn", "schraapt haar", "schraapt de", "denkt na", "gaat zitten", "staat op", "trekt een wenkbrauw",
    "rolt met", "omhelst je", "omhelst hem", "omhelst haar", "slaat een arm",
    "przewraca oczami", "puszcza oko", "puszcza oczko", "unosi brew", "drapie się", "odchrząkuje", "obejmuje cię",
    "закатывает глаза", "поднимает бровь", "чешет затылок", "садится рядом", "разводит руками", "пожала плечами",
    "kahkaha atar", "boğazını temizler", "kaşını kaldırır", "gözlerini devirir", "başını sallar", "omuz silkiyor",
)  # fmt: skip
"""A verb with its object, where the verb alone is too common: "(steht auf)", "(dá de ombros)"."""

ALONE_ACTIONS: Final = (
    "umarmt", "steht auf", "abraça", "rire", "carcajada", "carcajadas", "gargalhada", "siada", "садится", "réfléchit",
    "pigarreia", "rs", "schraapt",
)  # fmt: skip
"""A direction when nothing else stands in the span."""

PHRASES: Final = (
    "en voz baja", "en susurros", "entre risas", "con una sonrisa", "à voix basse", "en riant", "en souriant",
    "avec un sourire", "en soupirant", "en chuchotant", "a bassa voce", "con un sorriso", "tra sé", "em voz baixa",
    "com um sorriso", "aos risos", "mit leiser stimme", "mit einem lächeln", "met een glimlach", "z uśmiechem",
    "с улыбкой", "со смехом", "kısık sesle", "under her breath", "under his breath",
    "to himself", "to herself", "sound of", "sounds of", "mit ruhiger stimme", "sourire en coin", "avec un clin d'œil",
)  # fmt: skip
"""Beginnings of a direction."""

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
"""Nouns that are a direction on their own, also with a word or two before them: "(long pause)"."""

ADJECTIVES: Final = _words(
    """
    a an the one soft softly long short nervous quiet small little slight heavy deep awkward brief loud faint gentle
    distant dramatic eine ein lange kurze leises leise una un larga corta breve longue courte lunga petit une uma longa
    een lange korte długa krótka долгая короткая тяжёлый uzun kısa
    """
)

BODY: Final = _words("eyes voice face hands ears tail jaw eyebrows shoulders")
"""They begin a direction between sentences: "(eyes widen)"."""

MOODS: Final = _words(
    """
    excited amused annoyed embarrassed surprised confused flustered sarcastic thoughtful nervous serious angry sad
    bored tired curious shocked worried relieved hopeful ironic playful teasing proud shy bemused
    """
)
"""Adjectives that are a direction between sentences or in square brackets: "(excited)"."""

GESTURES: Final = _words("wink grin smile laugh laughs giggle chuckle sigh shrug nod smirk")
"""Nouns that are also a direction at the end of a sentence: "OK (wink)."."""

SCENERY: Final = _words(
    "door phone telephone bell doorbell crowd audience music lights curtain wind thunder rain floor window clock"
)
"""Things that act in a scene: "(The door opens.)", "(phone rings)"."""

SOUNDS: Final = _words("knock wink nudge ahem drumroll boom beep ding dong tick tock thud whoosh clap")
"""A direction when repeated: "(knock knock)"."""

NOT_AFTER: Final = _words(
    """
    are is were was of that have has can will do does did would could in cost help make mean need come get seem feel
    work matter count may should must don't aren't
    """
)
"""After a form in -s these show a plural noun: "(smiles are free)"."""

FINITE: Final = _words(
    """
    is are was were isn't aren't wasn't has have had can can't will won't would could should might must helps makes
    keeps takes gets feels seems costs works means hurts saves sounds
    """
)
"""After a form in -ing they make a sentence of it: "(Taking the bus is cheaper.)"."""

HABITS: Final = _words(
    """
    often always never usually rarely much oft immer nie viel selten siempre nunca mucho poco souvent toujours jamais
    beaucoup sempre mai molto spesso muito pouco nunca vaak altijd nooit veel często zawsze nigdy dużo часто всегда
    никогда много редко sık hep
    """
)
"""They make a sentence a general statement: "(Elle pleure souvent.)"."""

NEGATIONS: Final = _words("not nicht no pas non não niet nie не")

ANSWERS: Final = _words("yes no ok okay ja nein sí si no oui non sì sim não nee tak nie да нет evet hayır thanks sure")

NARRATORS: Final = _words("he she they the a an his her their its")
"""They begin an English direction in asterisks: "*The lights go out.*"."""

NO_SOUNDS: Final = _words(
    """
    your my our their his her its no not see more other some all any many few two three various different first last
    next these those the this that other insert note optional including
    """
)
"""They begin a placeholder or a remark in square brackets, not a noise: "[your names]", "[no running]"."""

PARTICLES: Final = _words(
    """
    at to into up down away back over out off on around toward towards through his her their its the a an my your with
    in against behind forward slightly again once
    """
)
"""Words that follow a verb in English directions, so that an unknown form in -s or -ing counts as a verb."""

NO_VERBS: Final = _words(
    """
    yes this his its was is has as always sometimes perhaps thanks besides unless lots thus plus across less nothing
    something anything everything during according including being having considering assuming regarding meaning
    speaking depending talking things towards sorry guess ours yours theirs hers us does goes means says seems depends
    """
)
"""Forms in -s and -ing that begin no direction."""

WIDE: Final = (
    "笑", "哭", "泣", "叹", "嘆", "ため息", "溜息", "怒", "汗", "轻声", "輕聲", "小声", "小聲", "低声", "低聲",
    "沉默", "沈默", "沈黙", "停顿",
    "停頓", "点头", "點頭", "うなず", "頷", "照れ", "ながら", "着说", "著說", "咳", "鼓掌", "拍手", "ウィンク",
    "眨", "挥手", "揮手",
    "手を振", "首を", "摇头", "搖頭", "微笑", "にこ", "にっこ", "ニコ", "くす", "クス", "ささや", "囁", "つぶや", "呟",
    "耸肩", "聳肩", "脸红", "赤面",
    "拥抱", "擁抱", "挠头", "撓頭", "歪着头", "歪著頭", "歪头", "翻白眼", "拍拍", "思考", "目を輝かせ", "웃", "고개를", "한숨", "미소", "속삭", "울",
)  # fmt: skip
"""Parts of a direction in Chinese, Japanese and Korean."""
WIDE_WORDS: Final = ("間", "间")
"""A direction when nothing else stands in the span."""
WIDE_ENDINGS: Final = "了着著说說道起来來的地笑头頭うくるいてでしすたみんつすき声聲而にっり片刻眼睛手음며"
"""Characters that may follow such a part within a sentence: "（笑って）", not "（汗水）"."""
NOT_WIDE: Final = (
    "お笑い", "サウ", "です", "でした", "の意味", "という", "とは", "的意思", "的人", "吗", "嗎", "虫", "哪",
)  # fmt: skip
"""Parts that show other text."""
