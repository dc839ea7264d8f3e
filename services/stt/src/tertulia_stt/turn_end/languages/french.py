"""French."""

from __future__ import annotations

from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, phrases, words
from tertulia_stt.turn_end.sentence import Sentence

_INVERTED: Final = ("-tu", "-vous", "-il", "-elle", "-on", "-ils", "-elles")


def _verb_before_subject(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """A question with a hyphen between verb and subject ("aimes-tu la musique")."""
    clause = sentence.clause()
    asks = any(word.endswith(_INVERTED) for word in clause)
    if sentence.ended or not asks:
        return None
    return Completeness.FINISHED if len(clause) > 1 and clause[-1] not in grammar.transitives else Completeness.UNCLEAR


GRAMMAR = Grammar(
    code="fr",
    never_last=words(
        "le la les un une des du de d' l' j' n' s' t' m' c' qu' jusqu' lorsqu' puisqu' au aux à en dans par pour sans sous "
        "chez vers entre et ou mais donc or ni car que parce puisque lorsque quand si comme qui dont où mon ma mes ton ta "
        "tes son sa ses notre nos votre vos leur leurs ce cet cette ces quel quelle quels quelles très trop je me te se "
        "ne y est-ce j'aimerais c'était depuis pendant malgré selon plusieurs chaque quelques sauf monsieur madame"
    )
    - words("où trop leur y ce car qui pour par ne si comme"),
    rarely_last=words(
        "avec après avant contre derrière devant sur leur qui où il ils on nous vous elle elles tu ne si comme lui aussi "
        "plus moins bien encore même tout tous toute toutes autre pour par pas car assez plutôt alors y beaucoup peu"
    )
    - words(
        "avec après avant derrière devant contre pas plus moins bien aussi même tout tous toutes autre encore alors "
        "assez beaucoup peu y lui elle elles nous vous"
    ),
    copulas=words(
        "est suis es sont sommes êtes était étais étaient ai as a avons avez ont avait avais c'est j'ai j'étais j'avais "
        "t'es t'as n'est n'ai n'a c'était sera serait"
    ),
    modals=words(
        "peux peut pouvons pouvez peuvent pourrais pourrait dois doit devrais devrait veux voudrais voudrait vais vas "
        "va allons allez vont faut"
    )
    - words("vas va allez vont allons"),
    subjects=words("je j' tu il ils on"),
    both_cases=words("nous vous elle elles"),
    subordinators=words("si quand parce lorsque lorsqu'il puisque puisqu'il quoique s'il"),
    questions=words("qui que quoi où quand comment pourquoi combien quel quelle quels quelles lequel laquelle qu'est-ce qu'est qu'en qu'as-tu qu'a"),
    yes_no_starts=phrases("est-ce que / est-ce qu'il / est-ce qu'on / est-ce qu'elle / est-ce qu'ils"),
    fillers=words("euh heu ben bah hum hm mmh"),
    openers=phrases(
        "je veux / je voudrais / j'aimerais / je voulais / je voulais savoir / je voulais te dire / je voulais te demander "
        "/ j'ai besoin / je dois / il faut / est-ce que tu / est-ce que tu peux / est-ce que tu sais / tu peux / tu peux me "
        "/ tu peux me dire / peux-tu / peux-tu me dire / pourrais-tu / pourrais-tu me dire / pouvez-vous / tu sais / sais-tu "
        "/ le problème c'est / le truc c'est / la vérité c'est / je pense / je crois / je trouve / je suppose / j'espère "
        "/ je me demande / je me souviens / c'est-à-dire / par exemple / en plus / d'ailleurs / à mon avis / dis-moi / "
        "raconte-moi / donne-moi / montre-moi / il était une fois / je m'appelle / mon nom est / mon numéro est / mon "
        "numéro c'est / je suis / j'ai / il y a / c'est / c'était / hier / l'autre jour / je ne sais pas si / je sais pas "
        "si / tu crois / tu veux / ce que je veux dire c'est / en fait / du coup / il a dit / elle a dit / d'abord / d'une "
        "part / d'autre part / peut-être / ça dépend de / je vais / on va / je viens / qu'est-ce que tu / qu'est-ce que "
        "/ j'étais / on était / on est / nous sommes / on a / mon ami / mon amie / la semaine dernière / s'il te plaît / bon / enfin"
    ),
    tails=phrases(
        "afin de / afin que / avant de / avant que / alors que / tandis que / parce que / parce qu'il / parce qu'on / bien "
        "que / à cause / à cause de / au lieu de / grâce à / près de / loin de / à côté de / beaucoup de / un peu de / plein "
        "de / plus de / moins de / plus que / moins que / en train de / besoin de / envie de / est-ce que / il y a / c'est "
        "très / c'est trop / c'est un / c'est pas / et puis / et aussi / mais aussi / et alors que / pour que / pour moi et "
        "/ de la / dans la / sur le / sur la / sur les / avec le / avec la / avec les / avec mon / avec un / avec une / avec "
        "des / après le / avant le / deux choses / trois choses / heures et / la plus / le plus / un des / l'un des / je "
        "suis pas / me dire / me parler de / je peux / tu peux / est-ce que tu / que tu / que vous / que nous / que elle / "
        "quand tu / si tu / si vous / si nous / si elle / parce que tu / parce que vous / par exemple / au moins / sur ce"
    )
    - phrases("la plus / le plus / c'est pas"),
    complete=phrases(
        "oui / non / si / ouais / ok / okay / d'accord / bien sûr / évidemment / exactement / exact / voilà / c'est ça / "
        "c'est vrai / c'est bien / c'est tout / merci / merci beaucoup / de rien / super / parfait / génial / cool / très "
        "bien / bien / pas de problème / pas vraiment / pas encore / pas du tout / je ne sais pas / je sais pas / aucune idée "
        "/ moi aussi / moi non plus / bonne nuit / au revoir / salut / à demain / à plus tard / à bientôt / stop / arrête / "
        "attends / continue / vas-y / quoi / pourquoi / comment / qui / où / quand / vraiment / ah bon / pourquoi pas / et "
        "toi / et vous / et après / et alors / quoi d'autre / ça va / comment ça va / comment vas-tu / comment tu vas / tu "
        "vas bien / qu'est-ce qu'il y a / qu'est-ce qui se passe / je t'aime / je vais bien / je suis fatigué / j'ai faim "
        "/ je comprends / je vois / ça marche / ça suffit / peu importe / laisse tomber / bonne idée / bonne question / pardon "
        "/ désolé / désolée / excuse-moi / tais-toi / silence / au secours / encore / encore une fois / rien / tout / les deux "
        "/ oui s'il te plaît / non merci / avec plaisir / ça dépend / on y va / tant pis / bravo / absolument / bien joué"
    ),
    greetings=phrases("bonjour / bonsoir / salut / coucou / ok / bon"),
    calls=words("hé hey dis eh écoute cher chère et ou dites"),
    tags=phrases(
        "s'il te plaît / s'il vous plaît / n'est-ce pas / non / hein / pas vrai / tu crois pas / merci / d'accord / aussi"
    ),
    imperatives=words(
        "raconte raconte-moi raconte-nous chante joue lis explique explique-moi décris montre montre-moi donne donne-moi "
        "arrête commence allume éteins ouvre ferme répète dis dis-moi parle parle-moi fais cherche traduis recommande aide "
        "demande réponds rappelle rappelle-moi appelle mets apporte prends viens va laisse écris imagine devine attends "
        "écoute regarde conseille-moi aide-moi"
    ),
    transitives=words("veux voudrais aimerais acheté pris préfère déteste cherche trouve dit mis"),
    negations=words("ne pas n'ai j'ai ai toujours aussi"),
    tens=words("vingt trente quarante cinquante soixante quatre-vingt soixante-dix"),
    points=words("virgule"),
    digits=words("zéro un deux trois quatre cinq six sept huit neuf"),
    phone_words=phrases("téléphone / mon numéro / portable"),
    firsts=words("premièrement d'abord"),
    nexts=words("deuxièmement troisièmement ensuite puis enfin"),
    lead=words("et mais alors donc bon ben oui non ah oh ok bah eh dis pardon sinon puis ou euh"),
    common=words("le les des est une pas que je vous nous dans pour c'est ça j'ai suis c'est très avec sur au plus hier on a"),
    clause_rule=_verb_before_subject,
)
