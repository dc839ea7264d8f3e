"""German. A clause with a modal or an auxiliary ends in an infinitive or a participle."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, phrases, words
from tertulia_stt.turn_end.sentence import Sentence

_NEED_INFINITIVE: Final = words(
    "kann kannst könnt können könnte könntest könnten muss musst müssen müsst musste mussten soll sollst sollen sollte "
    "solltest sollten darf darfst dürfen durfte dürfte würde würdest würden werde wirst wird werden"
)
_NEED_PARTICIPLE: Final = words("habe hab hast hat haben habt hatte hattest hatten bin")
_DANGLING: Final = words(
    "mir dir ihm ihr uns euch ihnen mich dich ihn sich gestern heute morgen schon noch immer bitte mal gerne gern auch "
    "nur eben einfach vielleicht jetzt dann wieder oft so es sie"
)
_PREPOSITIONS: Final = "in an auf mit zu nach von bei aus für durch über unter vor hinter neben zwischen ohne gegen um wegen seit"
_ARTICLES: Final = "der die das den dem des dieser dieses diesem diesen"
_ENDINGS: Final = ("en", "eln", "ern", "tun", "sein", "t")


def _verb_is_missing(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    clause = tuple(word for word in sentence.clause() if word not in grammar.lead)
    if len(clause) < 2:  # noqa: PLR2004  # a verb and something else
        return None
    last = clause[-1]
    if last in _DANGLING and not sentence.noun_last:
        if not _NEED_INFINITIVE.isdisjoint(clause[:-1]) or not _NEED_PARTICIPLE.isdisjoint(clause[:-1]):
            asks = clause[0] in grammar.questions or sentence.mark == "?"
            return None if asks and _NEED_INFINITIVE.isdisjoint(clause[:-1]) else Completeness.OPEN
        pronouns = grammar.subjects | grammar.both_cases
        if not sentence.ended and clause[0] in pronouns and len(clause) == 3:  # noqa: PLR2004  # "ich rufe dich"
            return Completeness.UNCLEAR
        return None
    if not _NEED_INFINITIVE.isdisjoint(clause[:2]) and not last.endswith(_ENDINGS) and sentence.mark != "?":
        return Completeness.UNCLEAR
    if clause[0] in ("dass", "weil", "ob", "obwohl", "damit", "wenn") and sentence.noun_last:
        return Completeness.OPEN
    return None


GRAMMAR = Grammar(
    code="de",
    never_last=words(
        "der ein einen eine einem eines im am zum zur vom beim ins ans und oder aber denn weil dass wenn ob obwohl "
        "falls sondern als wie für gegen ohne von seit wegen trotz während zwischen hinter neben mein meinen meiner "
        "meinem meines dein deinen deiner deinem seinen seiner seinem ihren ihrem ihrer unser unseren unserem unserer "
        "euer eure eurem sehr ziemlich jeder jede jedes jeden jedem welche welcher welches welchen dessen deren nachdem "
        "bevor sobald solange damit sodass bis per pro unter über herr frau dr aus bei ist's kein keinen keine keinem"
    )
    - words("aus bei unter über damit bevor kein keine keinen jeder wie"),
    rarely_last=words(
        "den dem des die das dieser diese dieses diesen diesem um zu nach mit in an auf vor durch bei unter über "
        "sein ihr meine deine seine ihre so noch nur auch schon bevor kein keine keinen damit jeder wie immer "
        "also etwas mehr viele einige mehrere andere anderen anderer gerade eigentlich bitte vielleicht"
    )
    - words("mit auch schon nach immer noch auf an so vor bitte zu etwas mehr durch"),
    copulas=words("ist sind war waren bin bist seid habe hab hast hat haben habt hatte hatten wäre wären hätte gibt"),
    modals=words(
        "kann kannst könnt können könnte könntest muss musst müssen müsst soll sollst sollen sollte sollten darf darfst "
        "dürfen würde würdest würden werde wirst wird werden möchte möchtest möchten"
    ),
    subjects=words("ich wir er man"),
    both_cases=words("du sie es ihr das"),
    subordinators=words("wenn weil obwohl falls nachdem bevor sobald solange während ob dass damit als"),
    questions=words("was wer wo wie wann warum wieso weshalb wohin woher wen wem wessen welche welcher welches womit worum"),
    inverts=True,
    second_person=words("du ihr"),
    fillers=words("äh ähm hm öhm äm ehm naja tja na ähem mh hmm also halt"),
    openers=phrases(
        "ich möchte / ich möchte gern / ich möchte gerne / ich will / ich wollte / ich wollte dich fragen / ich wollte "
        "fragen / ich würde / ich würde gern / ich würde gerne / ich hätte / ich hätte gern / ich hätte gerne / ich "
        "brauche / ich muss / ich kann / ich habe / ich bin / ich glaube / ich denke / ich meine / ich finde / ich "
        "frage mich / ich weiß nicht ob / ich weiß nicht wie / kannst du / kannst du mir / kannst du mir sagen / könntest "
        "du / könntest du mir / könntest du mir sagen / weißt du / weißt du ob / die sache ist / das problem ist / das "
        "ding ist / es gibt / es ist / das ist / das war / es war / hast du / bist du / willst du / möchtest du / sag mir "
        "/ erzähl mir / erzähl mir von / gib mir / zeig mir / zum beispiel / übrigens / außerdem / meiner meinung nach "
        "/ apropos / es war einmal / ich heiße / mein name ist / meine nummer ist / ich suche / ich hab / er sagte / sie "
        "sagte / er hat / sie hat / wir haben / ich hatte / ich war / gestern / neulich / letzte woche / lass uns / lass "
        "mich / was ich meine / was ich sagen wollte / wie wäre es mit / was ist mit / glaubst du / denkst du / meinst du "
        "/ ich hoffe / ich wünsche mir / ich interessiere mich / würdest du / würdest du bitte / eigentlich / jedenfalls "
        "/ einerseits / andererseits / es tut mir / vielleicht / ich erinnere mich / ich freue mich auf / bitte"
    ),
    tails=phrases(
        "um zu / so dass / auch wenn / als ob / je nachdem / sowohl / entweder / nicht nur / mehr als / weniger als / "
        "mindestens / viertel nach / viertel vor / kurz vor / kurz nach / halb / um halb / eine menge / ein paar / ein "
        "bisschen mehr / zwei dinge / drei dinge / vor allem / zum beispiel / das heißt / und dann / aber dann / wenn du "
        "/ weil du / dass du / ob du / weil sie / dass sie / wenn sie / weil es / dass es / wenn es / weil das / dass das "
        "/ wenn das / obwohl es / mit dem / mit der / mit den / in die / in das / auf die / auf das / mit meinen / zu "
        "meinem / für die / für das / über die / über das / durch die / durch das / von den / und die / und das / aber "
        "die / aber das / oder die / ist die / sind die / nach der / an die / an das / mit seiner / mit ihrer / mit "
        "meiner / mit einer / aber auch / und auch / du mir / sie mir / ich nicht nur / in einer / in einem / wegen dem "
        "/ ich heiße / mein name ist / der erste / in meinem / in meiner / mit deiner / zu den / wie viele / mir bitte"
    )
    - phrases("der erste / du mir / wie viele")
    | frozenset(f"{word} {article}" for word in _PREPOSITIONS.split() for article in _ARTICLES.split()),
    complete=phrases(
        "ja / nein / doch / nee / jo / okay / ok / gut / klar / na klar / genau / stimmt / richtig / danke / danke schön "
        "/ dankeschön / vielen dank / bitte schön / gern geschehen / kein problem / super / toll / prima / alles klar / "
        "in ordnung / einverstanden / ach so / aha / natürlich / auf keinen fall / auf jeden fall / vielleicht später / "
        "ich weiß nicht / keine ahnung / ich auch / ich auch nicht / mir auch / gute nacht / tschüss / auf wiedersehen / "
        "bis morgen / bis später / bis bald / stopp / halt / warte / warte mal / hör auf / weiter / mach weiter / was / "
        "warum / wieso / wie / wie bitte / wer / wo / wann / wirklich / echt / warum nicht / und du / und dir / und dann "
        "/ was noch / na und / wie geht's / wie geht's dir / was ist los / was denn / das war's / das stimmt / das ist "
        "alles / das reicht / ich liebe dich / mir geht's gut / es geht / ich verstehe / verstehe / ich bin müde / ich "
        "habe hunger / egal / macht nichts / vergiss es / schon gut / gute frage / gute idee / entschuldigung / tut mir "
        "leid / es tut mir leid / sei still / ruhe / komm schon / los geht's / hilfe / noch einmal / noch mal / nochmal "
        "/ nichts / alles / beides / noch nicht / nicht wirklich / ja bitte / nein danke / ja gerne / gerne / gern"
    ),
    greetings=phrases("hallo / guten morgen / guten tag / guten abend / servus / moin / grüß dich / hi / okay / gut"),
    calls=words("hey he hör mal du liebe lieber und oder sag"),
    tags=phrases("bitte / nicht wahr / oder nicht / ne / gell / oder so / danke / stimmt's / okay / nicht / auch"),
    imperatives=words(
        "erzähl erzähle sag sage sing singe spiel spiele lies erklär erkläre beschreib zeig zeige gib mach mache hör "
        "stopp öffne schließ wiederhol wiederhole sprich rede lass hilf frag antworte erinnere nenn nenne zähl übersetz "
        "komm geh stell rat rate empfiehl schreib such denk warte nimm bring"
    ),
    transitives=words("brauche will möchte suche mag hasse liebe kaufe nehme hole trage treffe besuche kenne meine finde"),
    negations=words("ja auch nur noch immer"),
    points=words("komma"),
    digits=words("null eins zwei zwo drei vier fünf sechs sieben acht neun"),
    phone_words=phrases("telefon / telefonnummer / handynummer / meine nummer / nummer ist / durchwahl"),
    firsts=words("erstens zuerst zunächst"),
    nexts=words("zweitens drittens danach dann schließlich"),
    lead=words("und aber also ja nein okay ok na tja oh ach äh ähm denn oder doch hm gut bitte entschuldigung jetzt"),
    common=words("nicht ist und auf auch wir mir dir dich mich das die der den von dem gut haben hat du ich es sie"),
    clause_rule=_verb_is_missing,
)
