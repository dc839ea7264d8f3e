"""Dutch."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

DUTCH: Final = lexicon(
    openers="""
        hé, hey, hoi, hallo, hai, dag, nou, ach, oh, ah, eh, hm, zo, dus, oké, ok, goed, ja, nee, jawel,
        alsjeblieft, alstublieft, bedankt, dank je, dank je wel, dankjewel, dank u, hartelijk dank, sorry,
        pardon, neem me niet kwalijk, goedemorgen, goedemiddag, goedenavond, goedenacht, welterusten, tot ziens,
        doei, tot straks, luister, luister eens, zeg, zeg eens, kijk, kijk eens, wacht, wacht even, kom, kom op,
        toe, en, maar, of, lieve, beste, mijn vriend, welkom, leuk, mooi, super, precies, klopt, echt, eerlijk,
        trouwens, vertel, vertel eens, voor jou, jouw beurt, jij bent aan de beurt, ga door, natuurlijk, zeker,
        hoe gaat het, hoe is het, en jij, jij, hoe zit het met, bravo, goed gedaan, eerst, nog eens, vraag voor,
        een vraag voor, een vraag aan, gefeliciteerd, nu, dan, ook, volgens jou, volgens u, naar jouw mening,
        alles goed, alles oké, alles in orde, met jou, met je, bij jou, zegt u eens, zegt u, zeg u, luistert u,
        neemt u me niet kwalijk, vertelt u, vertelt u eens, wacht u
    """,
    remarks="""
        oké, ok, goed, ja, nee, bedankt, dank je, dank je wel, dankjewel, leuk, mooi, super, precies, klopt,
        bravo, goed gedaan, sorry, oh, ach, natuurlijk
    """,
    conjunctions="en of",
    first="ik wij we",
    second="jij je jou jouw u uw jezelf",
    plural="jullie",
    questions="wat hoe waar wie wanneer waarom welke welk waarmee waarover waarvan waarheen",
    auxiliaries="kan zal wil wilt heeft is was moet mag zou zijn had gaat",
    verbs="""
        kun kunt zeg vertel leg help luister kijk kom ga geef laat maak neem wacht denk lees zing speel blijf
        beschrijf antwoord vertaal herhaal zoek schrijf raad hou houd stop ben heb vind bedenk weet geloof hebt
        bent
    """,
    imperatives="""
        zet vergelijk doe draai open sluit noem tel reken bereken stuur bel haal pak gooi probeer begin rust ren
        eet drink slaap dans vat bewijs controleer kies onthoud vergeet wees spreek praat bestel koop breng
        teken schilder spring loop zwem corrigeer verbeter spel definieer citeer reageer stel vraag excuseer
        ontspan kook bak test check verander voeg verwijder open herinner waarschuw beloof vergeef feliciteer
        groet adviseer raadpleeg zit sta rij vlieg speel draag beveel
    """,
    clitics="me mij eens maar nu even toch",
    before="""
        de het een van met voor bij naar na aan uit over onder tegen zonder om op in als dan dat of omdat
        wanneer mijn jouw zijn haar ons onze hun ken kent kende vind vindt vond zie ziet zag gezien vraag vraagt
        vroeg gevraagd hoor hoorde bel belde bezoek ontmoet ontmoette heet heette is was ben bent heeft had
        meent bedoelt bedoelde denkt dacht zegt zei gelooft zou wil kan zal moet laat plagen plaag mis miste
        vertrouw en niet geen arme kleine deze die dit wat hoe wie waar waarom houd doet gaat komt noem
    """,
    determiners="de het een mijn jouw je zijn haar ons onze hun deze die dit dat geen",
    ends="""
        jij je jou mij me ons hem haar het daar hier nu vandaag morgen gisteren alsjeblieft ook weer eens toch
        dan ervan daarvan erover daarover ermee zijn hebben goed slecht moe zeker ernst mooi klaar laat genoeg
        meer aan uit op terug verder thuis fout juist nog al niets iets alles gaat doen echt even
    """,
    intransitive="denkt bedoelt zegt doet gaat slaapt komt weet vindt",
    except_before="""
        niet tegen, niet met, behalve, uitgezonderd, maar niet, niet, zonder, buiten, op, in plaats van, niet
        voor, niet jij, iedereen op, vraag niet, iemand anders dan, met uitzondering van
    """,
    except_after="uitgezonderd, niet",
    not_you="""
        niet jij, jij niet, maar niet jij, jou niet, niet jou, jou bedoel ik niet, ik bedoel niet jou, ik bedoel
        jou niet, ik bedoelde jou niet, ik vroeg het jou niet, ik vraag het niet aan jou, ik heb het niet tegen
        jou, ik praat niet tegen jou, niet voor jou, jij houdt je erbuiten, hou jij je erbuiten
    """,
    everyone="""
        iedereen, allemaal, mensen, jongens, vrienden, lui, dames en heren, allen, jongens en meisjes, meiden,
        luitjes
    """,
    short_everyone="team, samen",
    you_all="""
        jullie allemaal, jullie allen, ieder van jullie, elk van jullie, iedereen van jullie, jullie drie,
        jullie vier, allemaal, alle drie, wie van jullie, jullie drieën
    """,
    you_two="jullie twee, jullie beiden, jullie allebei, jullie tweeën",
    the_two="allebei, beiden",
    others="de anderen, de andere twee, de rest, alle anderen, jullie anderen, de overigen, de andere",
    one_of_you="wie dan ook, eender wie, een van jullie, iemand, één van jullie",
    feedback="""
        goh nuttig verrassend gek vreselijk prachtig liegt leugen jammer verdrietig zo nou tja toch helaas
        uitleg herhaalt betekent verduidelijken begreep waarom hoezo wat hoe wie waar wanneer echt eerlijk
        serieus bedankt dank dankjewel leuk mooi super cool prima gaaf interessant grappig vreemd raar
        ongelooflijk onmogelijk onzin onwaar fout juist precies klopt zeker bedoel bedoelde bedoelt leg
        uitleggen verder meer nog herhaal herhalen sorry oh ach hm haha oké ok ja nee jawel misschien absoluut
        natuurlijk goed slecht lief snap snapt begrijp begrepen begrijpt geloof weet voorbeeld bijvoorbeeld
        gebeurde gebeurd toen daarna anders vertel denk denkt zeg zei eens bravo perfect logisch grapje meen
        meent klinkt gelijk slim dan inderdaad tuurlijk alsjeblieft zin door
    """,
    fillers="""
        dat dit het is was waren zijn jij je jou jouw u ik me mij mijn hij zij we wij een de die te voor zo want
        er daar ermee daarmee daarvan ervan erover daarover niet maar alleen heel erg veel beetje iets wel
        eigenlijk toch nu hier en of als wat kun kan kunt zou heb hebt heeft bent ben gaat ging komt wil mag in
        met van op uit bij alles niets geen idee reden om zeker ga maak meer gek aan dan hoe aardig eens nog
        keer door zien
    """,
    asks_named=r"""
        ^(en |maar |of |dus |nu )*(hoe zit het met|hoe is het met|wat dacht je van) X$
        ^(en|of|maar) X$
        \bwat (denkt|vindt|zegt|zou|gelooft|bedoelt zou) X\b
        \bhoe (ziet|vindt|zou) X\b
        \blaat X (eens |maar |even )*(antwoorden|praten|spreken|uitpraten|vertellen|zeggen|uitleggen)\b
        \b(de mening|een antwoord) van X\b
        \bvan X horen\b
        \bik (bedoel|bedoelde|vraag|vroeg|praat tegen|praat met)( het aan)? X$
        \bX is (nu |nou )?aan de beurt\b
        \bX (moet|mag|kan) (maar |nu |eerst )*(antwoorden|beginnen|vertellen|zeggen)\b
        ^alleen X$
        \bwat X (ervan |daarvan )?(vindt|denkt|zegt)
    """,
    asks_all=r"""
        \bwat (denkt|vindt|zegt|zou|vinden|denken|willen) E\b
        \b(is|zijn) E (klaar|er|hier|akkoord|wakker)\b
        ^hoe gaat het (met )?E\b
        \bE (moet|mag|kan) (antwoorden|zeggen|vertellen)\b
        \b(vraag het aan|vraag het|vroeg het|bedoel|bedoelde|praat met|praat tegen) E$
    """,
    discussion=r"""
        \b(praat|discussieer|bespreek|overleg|debatteer|klets)( (dat|het|er|erover|daarover|maar|eens|nu|even|
            verder))*( (met elkaar|onder elkaar|samen|onderling)| (jullie|X))
        ^(jullie (twee|drie|allebei) )(bespreek|discussieer|praat|overleg)\b
        ^(bespreek|discussieer)\b
        \blaat X en X\b.*\b(bespreken|discussiëren|praten)\b
    """,
)
