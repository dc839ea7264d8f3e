"""The word lists, except for verbs, by which `directions` recognizes stage directions, in twelve languages."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


REFLEXIVES: Final = _words(
    "se s' sich zich się iç göz omuz hij ze zij er sie il elle el él ella lui lei ele ela on ona он она"
)
"""Pronouns before the verb of a stage direction: "(se ríe)", "(elle sourit)"; and "she", "he", "they"."""

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
"""Words for the manner of speaking. Alone they are a stage direction: "(softly)", "(leise)"."""

PHRASES: Final = (
    "en voz baja", "en susurros", "entre risas", "con una sonrisa", "à voix basse", "en riant", "en souriant",
    "avec un sourire", "en soupirant", "en chuchotant", "a bassa voce", "con un sorriso", "tra sé", "em voz baixa",
    "com um sorriso", "aos risos", "mit leiser stimme", "mit einem lächeln", "met een glimlach", "z uśmiechem",
    "с улыбкой", "со смехом", "kısık sesle", "under her breath", "under his breath",
    "to himself", "to herself", "sound of", "sounds of",
    "mit ruhiger stimme", "sourire en coin", "avec un clin d'œil",
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
    distant dramatic eine ein lange kurze leises leise una un
    larga corta breve longue courte lunga petit une uma longa
    een lange korte długa krótka долгая короткая тяжёлый uzun kısa
    """
)

BODY: Final = _words("eyes voice face hands ears tail jaw eyebrows shoulders")
"""Parts of the body. Between sentences, a stage direction may begin with one: "(eyes widen)"."""

MOODS: Final = _words(
    """
    excited amused annoyed embarrassed surprised confused flustered sarcastic thoughtful nervous serious angry sad
    bored tired curious shocked worried relieved hopeful ironic playful teasing proud shy bemused
    """
)
"""Adjectives that are a stage direction between sentences or in square brackets: "(excited)"."""

GESTURES: Final = _words("wink grin smile laugh laughs giggle chuckle sigh shrug nod smirk")
"""Nouns that are also a stage direction at the end of a sentence: "OK (wink)."."""

SCENERY: Final = _words(
    "door phone telephone bell doorbell crowd audience music lights curtain wind thunder rain floor window clock "
    "tür telefon licht musik puerta teléfono música luces porte téléphone musique lumière porta telefono musica luci "
    "luzes deur telefoon muziek drzwi światło muzyka дверь телефон музыка свет kapı ışıklar"
)
"""Things that act in a scene: "(The door opens.)", "(phone rings)"."""

SCENE_VERBS: Final = _words(
    """
    opens closes rings fades plays starts stops creaks slams howls cheers applauds laughs roars rumbles ticks swells
    dims rises falls blows knocks buzzes shuts strikes bangs
    """
)

SOUNDS: Final = _words("knock wink nudge ahem drumroll boom beep ding dong tick tock thud whoosh clap")
"""Words that are a stage direction when repeated: "(knock knock)"."""

NOT_AFTER: Final = _words(
    """
    are is were was of that have has can will do does did would could in cost help make mean need come get seem feel
    work matter count may should must don't aren't like good great nice fine bad better
    """
)
"""After a form in -s, these words show that the form is a plural noun, not a verb: "(smiles are free)"."""

FINITE: Final = _words(
    """
    is are was were isn't aren't wasn't has have had can can't will won't would could should might must helps makes
    keeps takes gets feels seems costs works means hurts saves sounds
    """
)
"""After a form in -ing, these words show that the span is a sentence: "(Taking the bus is cheaper.)"."""

HABITS: Final = _words(
    """
    often always never usually rarely every since actually honestly though much oft immer nie viel selten
    siempre nunca mucho poco souvent toujours jamais beaucoup sempre mai molto spesso
    muito pouco nunca vaak altijd nooit veel często zawsze nigdy dużo часто всегда
    никогда много редко sık hep
    """
)
"""These words show that a sentence is a general statement: "(Elle pleure souvent.)"."""

SPOKEN_SECOND: Final = _words("not nicht no pas non não niet nie не quien quem chi qui wer wie kto кто")
"""As the second word of a span, these words show a remark to the listener: "(Lacht nicht!)", "(Llora quien puede.)"."""

SECOND_PERSON: Final = _words(
    """
    dein deine deinen deiner deinem euer eure tu tus vuestro ta ton tes votre vos tuo tua tuoi tue teu teus tuas seu
    jouw uw twój twoja twoją твой твоя твою senin
    """
)
"""These words show that a sentence addresses the listener: "(Saluda a tu madre.)"."""

ANSWERS: Final = _words(
    "yes no ok okay ja nein sí si no oui non sì sim não nee tak nie да нет evet hayır thanks thank sure "
    "really very so truly exactly maybe indeed never always please "
    "danke bitte gracias merci grazie obrigado obrigada muito dank bedankt dziękuję спасибо teşekkürler teşekkür"
)
"""A span in asterisks that begins with one of these words is an answer or emphasised."""

NARRATORS: Final = _words("he she they the a an his her their its er él ella elle lui lei ele ela hij zij ona он она")
"""A stage direction in asterisks may begin with one of these words: "*The lights go out.*"."""

COPULAS: Final = _words(
    "ist sind war hat est sont était es son era está è sono é são estava jest są był была был было heißt"
)
"""These words show that a sentence states a fact: "*Elle est belle.*"."""

GREETINGS: Final = _words(
    """
    hello hi hey well oh ah yes yeah yep no nope ok okay so hm
    hmm haha wow great ja nein ach hallo gut also sí bueno ay
    hola bien oui non bon salut bonjour sì beh ciao sim não bem olá nee hoi tak nie cześć да нет ну привет evet hayır
    merhaba
    """
)
"""A stage direction may follow one of these words: "Hello *waves* how are you"."""

NO_SUBJECTS: Final = _words("i you we they there me him us them that's it's i'm you're he's she's let's thanks thank")
"""A clause with one of these words is no subject of a form in -s: "I like it *giggles*"."""

NO_SOUNDS: Final = _words(
    """
    your my our their his her its no not see more other some all any many few two three various different first last
    next these those the this that other insert note optional including
    """
)
"""In square brackets, remarks and placeholders begin with these words: "[no running]", "[your names]"."""

PARTICLES: Final = _words(
    """
    at to into up down away back over out off on around toward towards through his her their its the a an my your with
    in against behind forward slightly again once
    """
)
"""After an unknown form in -s or -ing, these words show that the form is an English verb."""

NO_ADVERBS: Final = _words("apply only family reply supply early daily weekly monthly july italy fly")
"""Words in -ly that follow a noun: "[terms apply]"."""

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
    "拥抱", "擁抱", "挠头", "撓頭", "歪着头", "歪著頭", "歪头", "翻白眼", "拍拍", "思考",
    "目を輝かせ", "웃", "고개를", "한숨", "미소", "속삭", "울먹", "울며", "울음", "눈물",
)  # fmt: skip
"""Chinese, Japanese and Korean text that occurs in stage directions."""
WIDE_WORDS: Final = ("間", "间")
"""Spans that are a stage direction as a whole."""
WIDE_ENDINGS: Final = "了着著说說道起来來的地笑头頭うくるいてでしすたみんつすき声聲而にっり片刻眼睛手음며"
"""Characters that may follow such a part within a sentence: "（笑って）", not "（汗水）"."""
NOT_WIDE: Final = (
    "お笑い", "サウ", "です", "でした", "の意味", "という", "とは", "的意思",
    "的人", "吗", "嗎", "虫", "哪", "ます", "ました", "ません", "ないで",
    "题", "題", "别笑", "別笑", "危険",
)  # fmt: skip
"""Text that does not occur in stage directions."""
WIDE_ANSWERS: Final = (
    "ありがとう", "こんにちは", "はい", "いいえ", "大好き", "ください", "谢谢",
    "謝謝", "你好", "是的", "请", "喜欢", "감사", "안녕", "고마",
)  # fmt: skip
"""Text that occurs in answers, also between asterisks."""
