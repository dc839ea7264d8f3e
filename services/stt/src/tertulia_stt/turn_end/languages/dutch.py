"""Dutch. A clause with a modal or an auxiliary ends in an infinitive or a participle."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, phrases, words
from tertulia_stt.turn_end.sentence import Sentence

_NEED_VERB: Final = words(
    "kan kun kunt kunnen kon zou zouden moet moeten moest mag mogen wil wilt willen wilde heb hebt heeft hebben had zal "
    "zullen ga gaat gaan"
)
_PREPOSITIONS: Final = "in op aan met van voor door bij naar uit over onder tegen zonder tijdens rond"
_DANGLING: Final = words("me mij je jou hem haar ons hen gisteren vandaag morgen al nog graag even ook nooit altijd misschien dat het")


def _verb_is_missing(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    clause = tuple(word for word in sentence.clause() if word not in grammar.lead)
    if len(clause) < 3 or clause[-1] not in _DANGLING or _NEED_VERB.isdisjoint(clause[:-1]):  # noqa: PLR2004
        return None
    if sentence.ended or clause[0] in grammar.questions:
        return Completeness.UNCLEAR if sentence.mark == "." else None
    return Completeness.OPEN


GRAMMAR = Grammar(
    code="nl",
    never_last=words(
        "de een het en of maar want omdat dat als hoewel terwijl zodat voordat nadat totdat tenzij indien mits dan van in op "
        "aan met voor door bij naar uit over onder tussen tegen zonder tijdens sinds om te ter mijn m'n jouw z'n zijn haar "
        "ons onze jullie hun heel erg zeer elke elk ieder iedere welke per via 't 'n d'r vanaf wegens volgens meneer mevrouw "
        "geen ik"
    )
    - words("het dat zijn haar ons jullie uit over onder op aan mee door in bij erg heel dan voor naar om hun tegen geen ik"),
    rarely_last=words(
        "haar zijn hun in op aan door voor naar om bij onder tegen zo nog ook al geen deze die dit dan ik jullie meer veel "
        "weinig sommige andere ander iets even misschien eigenlijk niet gewoon alleen een"
    )
    - words("niet ook nog al meer veel aan op dit die deze iets jullie dan in om even alleen zo"),
    copulas=words("is ben bent zijn was waren heb hebt heeft hebben had hadden"),
    modals=words("kan kun kunt kunnen kon zou zouden moet moeten moest mag mogen wil wilt zal zullen zult"),
    subjects=words("ik we wij hij ze zij men"),
    both_cases=words("je jij u het dat dit jullie"),
    subordinators=words("als omdat hoewel terwijl zodra voordat nadat tenzij zodat wanneer of dat toen"),
    questions=words("wat wie waar wanneer waarom hoe hoeveel welke welk waarheen waarover waarmee"),
    inverts=True,
    second_person=words("je jij u jullie"),
    fillers=words("eh uh uhm ehm hm euh ehh"),
    openers=phrases(
        "ik wil / ik wil graag / ik zou / ik zou graag / ik zou graag willen / ik wilde / ik wilde vragen / ik wilde je "
        "vragen / ik moet / ik kan / ik heb / ik ben / ik heb nodig / kun je / kun je me / kan je / kan je me / kun je me "
        "vertellen / kun je mij vertellen / zou je / zou je me / zou je me kunnen / weet je / weet je of / het punt is / het "
        "probleem is / het probleem is dat / het punt is dat / het feit is dat / het ding is / ik denk / ik geloof / ik vind / ik bedoel / ik vraag me af / ik hoop / ik herinner me / "
        "er is / er zijn / er was / het is / dat is / het was / vertel me / geef me / laat me / laten we / bijvoorbeeld / "
        "trouwens / bovendien / volgens mij / er was eens / ik heet / mijn naam is / mijn nummer is / gisteren / laatst / "
        "vorige week / heb je / ben je / wil je / denk je / hij zei / zij zei / ik was / ik had / wat ik bedoel / wat ik "
        "wilde zeggen / hoe zit het met / eigenlijk / ten eerste / aan de ene kant / misschien / mijn vriend / we hebben / "
        "wij hebben / ik ga / ik zoek / ik wou / ik weet niet of / alsjeblieft / nou / dus"
    ),
    tails=phrases(
        "om te / ook al / zo snel als / in plaats van / een beetje / een heleboel / een paar / een aantal / meer dan / minder "
        "dan / in de / op de / aan de / naar de / voor de / met de / van de / bij de / uit de / over de / door de / in het / op "
        "het / naar het / van het / met het / voor het / aan het / over het / bij het / in mijn / op mijn / van mijn / met mijn "
        "/ met haar / met zijn / van zijn / van haar / en dan / maar dan / en het / maar het / en dat / omdat het / dat het / "
        "als het / omdat je / dat je / als je / of je / omdat ik / dat ik / als ik / en ik / maar ik / of ik / is heel / was "
        "heel / is erg / was erg / heel erg / is een / half / kwart over / kwart voor / twee dingen / drie dingen / ten minste / om half "
        "/ vanwege de / dankzij / dank zij de / een van de / zoals / en ook / maar ook / en toen / is het niet alleen / ik zou / "
        "over hoe / over mijn / en mijn / en een / of een / en de / maar de / of de / met een / in een / voor een / ik denk dat"
    )
    - phrases("een beetje / en dat / half / en dan")
    | frozenset(f"{word} het" for word in _PREPOSITIONS.split()),
    complete=phrases(
        "ja / nee / jawel / oké / ok / okay / goed / prima / natuurlijk / zeker / precies / klopt / dat klopt / inderdaad / "
        "dank je / dank je wel / dankjewel / bedankt / dank u / graag gedaan / geen probleem / super / leuk / mooi / perfect "
        "/ is goed / afgesproken / weet ik niet / ik weet het niet / geen idee / ik ook / ik ook niet / welterusten / doei / dag "
        "/ tot ziens / tot morgen / tot later / tot straks / stop / wacht / wacht even / hou op / ga door / ga verder / wat / "
        "waarom / hoe / wie / waar / wanneer / echt / echt waar / meen je dat / waarom niet / en jij / en toen / en dan / wat "
        "nog meer / wat is er / wat is dat / hoe gaat het / hoe gaat het met je / hoe heet je / hoe is het / dat was het / dat "
        "is waar / dat is alles / ik hou van je / het gaat goed / ik ben moe / ik heb honger / ik snap het / ik begrijp het / "
        "maakt niet uit / laat maar / vergeet het / goed idee / goede vraag / sorry / het spijt me / pardon / wees stil / stil "
        "/ hou je mond / help / nog een keer / opnieuw / niets / niks / alles / allebei / nog niet / niet echt / ja graag / nee "
        "dank je / ja alsjeblieft / graag / misschien later / wat vind je / wat vind jij / wat denk je / kom op / zo is het"
    ),
    greetings=phrases("hallo / hoi / goedemorgen / goedemiddag / goedenavond / dag / oké / ok"),
    calls=words("hé hey hee luister zeg lieve beste en of"),
    tags=phrases("alsjeblieft / alstublieft / toch / hè / niet waar / of niet / nietwaar / niet / ook / bedankt / oké"),
    imperatives=words(
        "vertel zing speel lees leg beschrijf toon laat geef stop begin doe zet open sluit herhaal zeg praat maak zoek "
        "vertaal raad help vraag antwoord herinner noem bel breng neem kom ga schrijf denk wacht luister kijk tel"
    ),
    transitives=words("wil zoek haat koop kocht neem nam gebruik bedoel vind"),
    negations=words("ook altijd nog graag"),
    points=words("komma"),
    digits=words("nul een twee drie vier vijf zes zeven acht negen"),
    phone_words=phrases("telefoon / telefoonnummer / mijn nummer / mobiel"),
    firsts=words("eerst"),
    nexts=words("tweede daarna vervolgens"),
    lead=words("en maar dus nou ja nee oké ok ach oh goed eh sorry want of toen zeg nu"),
    common=words("de het een en is van niet ik je dat die op maar ook wat hij zijn er heeft heb naar geen was gisteren we"),
    clause_rule=_verb_is_missing,
)
