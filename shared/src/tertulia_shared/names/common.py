"""Names that are also common words, and common words that sound like names. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_NAMES_THAT_ARE_WORDS: Final = {
    "en": """
        abbey amber angel april art ash aspen august aurora autumn basil bay bear bill bishop blue bob brandy
        brook buck buddy candy carol chance charity chase chip christian chuck clay cliff clover cole colt comet
        constant coral cord crystal dale dan dawn dean destiny dick dolly don dot drew duke dusty earl earnest
        eden ember eve ever faith fern finn flint flora forest forrest fox frank garnet gene genie ginger glen
        gold grace grant gray guy hale harmony harry hazel heath heather holly honey hope hunter iris ivy jack
        jade jasmine jay jean jet jewel jimmy john josh joy juan june junior juniper justice kelly king kit
        lance laurel leaf liberty lily linden link lucky mac major mark mason matt max may mercy mike miles
        misty moon nick nova oak ocean olive opal page pansy pat patience peace pearl penny pepper petal peter
        phoenix piper poppy prince prudence queen rain raven ray red reed reef rich river rob robin rocky rod
        rose rosemary rowan roman ruby rusty sage sam sandy scarlet scout shadow shay shell sky skip snow sol
        sonny spike spring star sterling stone storm sue summer sunny sunshine tab temple terry tiger tony trip
        tucker van velvet victor violet wade walker ward warren water wayne west will willow winter wolf wren
        love doctor captain professor master boss chef coach baby sugar
    """,
    "es": """
        alba alegria amado amor angeles azucena bella blanca cielo clara consuelo cruz dolores dulce esperanza
        estrella fe flor gloria linda luna luz mar margarita marina mercedes milagros olvido paloma paz perla
        pilar reina rocio rosa rosario sol soledad valentina victoria violeta
    """,
    "fr": """
        ange blanche claire desiree fleur france jasmin lune marine marguerite mignon olivier pierre reine
        soleil
    """,
    "it": """
        bianca chiara diamante fiore gioia grazia serena stella viola luna rosa alba bella gloria sole vittoria
        marina perla angelo
    """,
    "pt": "luz rosa sol mar flor estrela vitoria clara bela esperanca dores gloria perola paz",
    "de": "engel frieda heide linde mond rose stern sonne wolf",
    "tr": "deniz gul ay gunes umut yildiz can bahar kaya toprak yagmur ada su ilkay baris savas",
    "ru": "вера надежда любовь роза лилия лев слава мила света рая роман луна звезда",
    "pl": "jagoda kalina malina roza wanda wierna zorza",
}
_WORDS_OF: Final = {language: frozenset(names.split()) for language, names in _NAMES_THAT_ARE_WORDS.items()}


def is_word(name: str, languages: Collection[str] | None = None) -> bool:
    """True if a folded name is a common word in one of these languages; None: in any language."""
    return any(name in words for language, words in _WORDS_OF.items() if languages is None or language in languages)


COMMON_WORDS: Final = frozenset(
    """
    a about after again all also always am an and any are around as ask at away back bad be because been before best
    better between big bit both bring but by bye call came can car case city clear close cold come cook cool could cut
    day dear deal did die different do does dog done down dream drink drive each early earn easy eat eight either else
    end enough even every eye face fact fair fall family far fast feel few find fine fire first five fly food for four
    free friend from full fun funny game gave get girl give go god gone good got great ground group guess had half hand
    happen happy hard has have he head hear heard heart heat held hell hello help her here hey hi high him his hold home
    hot house how hundred i idea if in into is it its job just keep kind knew know known lack lady land large last late
    later lead learn leave led left less let letter lie life light like line list little live long look lose lost lot
    loud love low lunar lunch mad made main make man many mate me mean meat meet men might mind mine minute miss moment
    money more morning most mother move much music must my near need never new next nice night nine no none nor not note
    now number of off oh old on once one only open or order other our out over own pain paper part party pass past pay
    people per piece place plan play please point poor pretty put quick quiet quite race ran rate reach read ready real
    really reason rest right road rock room root round rule run sad safe said same sat save saw say sea seat see seem
    seen sell send sense sent set seven shall share she ship short should show sick side sign since sing sister sit six
    size sleep slow small so some son song soon sorry sound south speak stage stand start stay step still stop story
    street such sun sure table take talk tall tea team tell ten test than thank thanks that the their them then there
    these they thing think this those though thought three through time tired to today told tomorrow too took top
    toward town tree tried true try turn two under until up upon us use very voice wait walk wall want war warm was
    watch way we wear weather week well went were what when where which while white who whole why wife wind wish with
    woman wonder word work world worry would write wrong yeah year yes yet you young your
    ja nein und oder aber was wie wo wer wann warum das der die ist ich du er sie es wir ihr gut mal nur noch
    que no si y o pero como cuando donde bien muy mas con por para mira hola oye bueno
    et ou mais oui non bien tres pour avec dans sur bon alors salut merci
    che e ma come quando dove bene molto con per ciao senti allora
    sim nao mas com muito bom ola ei
    het een en maar wat waar wie hoe dag nou
    tak nie ale co jak gdzie kiedy no hej
    evet hayir ama ne nasil merhaba peki
    да нет но что как где когда ну привет а и
    """.split()
)
"""Frequent folded words. A word of this list is never taken for a name by its sound."""
