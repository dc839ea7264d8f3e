"""Word lists that the sentence splitter uses for all languages at once, because it does not know a reply's language.

In doubt, a full stop does *not* end the sentence: a sentence that comes late costs milliseconds, but a break after
"Dr." is audible. Words with inner dots ("z.B.", "p.m.") and single letters ("J.") are recognized by their shape. Some
words are an abbreviation in one language and often the last word of a sentence in another ("es." is an abbreviation in
Italian, and ends sentences in German). They are in `NEVER_LAST_AFTER`, with the words that must come before them.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEVER_LAST: Final = _words(
    """
    mr mrs ms mx dr drs prof rev gen col maj capt cpt lt sgt cpl adm gov sen rep hon messrs pres st ste mt ft vs cf
    viz e.g i.e eg ie

    hr hrn fr frl dipl ing dipl.-ing hl bzw bspw ggf evtl inkl exkl zzgl vgl z.b d.h u.a v.a z.t o.ä sog ca geb gest
    bes stv fa ehem jur univ.-prof

    sr sra srta sto sta gral sres sras dra dras d.ª dña lic p.ej pról

    mme mmes mlle mlles mm mgr p.ex c.-à-d

    sig sigg sig.ra sig.na sigra dott dott.ssa dottssa avv prof.ssa geom egr gent.mo spett mons

    drª pe profa exmo exma sr.ª eng prof.ª profª v.ex

    dhr mevr mw ir ds jhr bijv bv nl d.w.z m.b.v i.p.v resp

    inż ks św płk ppłk mjr por kpt lek bp abp np m.in tzn tzw tj pw ul os

    ул пр просп пл наб пер бул тов проф акад доц дж св напр т.е т.к т.н и.о гр

    doç yrd öğr uzm av hz bkz örn mrh alb yzb bnb

    डॉ डा प्रो पं कु मो

    fco hnos excmo excma ilmo ilma ntra ntro fdez mª incl excl evt zob śp ген оз
    """
)
"""Never ends a sentence: "Dr. Smith", "e.g. Apple"."""

NEVER_LAST_AFTER: Final = {
    "es": _words("ad per"),
    "ej": _words("p por"),
    "ex": _words("p por par"),
    "gör": _words("öğr"),
    "med": _words("dr"),
    "phil": _words("dr"),
    "rer": _words("dr"),
    "nat": _words("rer"),
    "pol": _words("rer"),
    "iur": _words("dr"),
    "theol": _words("dr"),
    "vet": _words("med"),
    "dent": _words("med"),
    "habil": _words("dr"),
}
"""Never ends a sentence after one of these words: "ad es. Roma", "por ej. Madrid", "par ex. Lyon"."""

BEFORE_NUMBER: Final = _words(
    """
    no nos nr num fig figs vol vols ch chap sec art eq p pp pg para ex tab bd abb kap cap núm n° nº jan feb mar apr
    jun jul aug séc sep sept oct okt nov dec dez ok abs ziff anm aufl jh kl bl hfst blz afb pág pag págs fl cz rozdz
    rys dn int str godz tel poz रु ust стр рис гл кв корп разд ном тел с hal s madde böl kat ciltl janv févr avr juil déc
    gen giu lug ott dic ene abr fev max min máx mín maks mind op ver rs tél макс мин
    """
)
"""Is an abbreviation only before a number: "no. 5", but "She said no. Then she left."."""

BEFORE_AMOUNT: Final = _words("max min máx mín maks mind tel tél тел макс мин")
"""An abbreviation also when the sign of an amount follows: "max. €5"."""

UNITS: Final = _words("min мин см")
"""A unit, not an abbreviation of this list, after a number: "It takes 5 min. 20 people came."."""

MAYBE_LAST: Final = _words(
    """
    etc al inc ltd co corp llc jr approx appt dept temp tel oz lb lbs yd hrs yrs tue tues thu thur thurs ave blvd rd
    apt bldg assoc univ esq ext misc eds

    usw ud uds wg hab arch sn им mio mrd tsd str jh jhd mwst gmbh abt bhf hbf allg eigtl

    aprox av avda pág págs ee uu vd vds cía dpto depto prov

    env boul bd éd

    ecc ca s.p.a c.so

    apto lda ltda cia

    enz o.a e.d jl e.a vnl

    itd itp r w tys mln pl woj тыс млн млрд обл р-н тел стр долл г гг вв чел др проч пр

    vb cad sok mah yy şti

    chr tél im руб коп см им
    """
)
"""Ends a sentence only if the next word often begins a sentence ("etc. Then …")."""

MAYBE_LAST_WITH_CAPITAL: Final = _words("me on red fam gem ap cel")
"""As `MAYBE_LAST`, but only when written with a capital: "Me. Dupont", "On. Rossi"."""

ORDINAL_NOUNS: Final = _words(
    """
    januar jänner februar märz april mai juni juli august september oktober november dezember jan feb mär apr jun jul
    aug séc sep sept okt nov dez montag dienstag mittwoch donnerstag freitag samstag sonntag jahrhundert jahrhunderts
    jahrhunderte jahrhunderten jahrtausend mal platz stock stockwerk etage klasse klassen schuljahr semester weltkrieg
    weltkriegs weltkrieges liga bundesliga kapitel runde etappe fc sc fsv geburtstag geburtstags hochzeitstag todestag
    jahrestag lebensjahr lebensjahres tag woche monat monats jahr reihe stelle teil band auflage bezirk bezirks
    bezirke oberliga halbzeit sinfonie symphonie quartal advent generation grades grad schritt stufe minute

    dünya lig ligi bölge bölgesi cadde sokak kolordu ordu cumhuriyet cumhuriyeti kat sınıf bölüm ulusal uluslararası
    geleneksel murad murat mehmed mehmet selim mahmud mahmut abdülhamid abdülhamit osman mustafa ahmed ahmet bayezid
    süleyman dönem olağan köprü boğaz levent yüzyıl yüzyılda viyana i̇nönü inönü madde haçlı ramses katip
    """
)
"""Nouns with a capital that follow an ordinal number: "am 3. Oktober", "2. Dünya Savaşı"."""

BEFORE_ORDINAL: Final = _words(
    """
    der die das dem den des am im zum zur vom beim ins jeder jede jedes jeden jedem ein eine einen einem einer eines
    sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer mein meine meinen meinem meiner dein deine deinen
    deinem unser unsere unseren unserem euer dieser diese dieses diesem diesen und oder bis seit ab
    """
)
"""German words that come before an ordinal number: "der 1. FC Köln", "mein 3. Versuch", "am 2. und 3. Tag"."""

NAME_PARTICLES: Final = _words("le la les de del della di da das dos du van von der den ten ter el al ibn bin")
"""Words with which a surname may begin. After an initial they do not begin a sentence ("M. Le Pen", "A. De
Gasperi").
"""

STARTERS: Final = _words(
    """
    i he she it we you they this that these those the there here a an my your his her its our their who what when
    where why how which and but or so then now yes no oh well ok okay please let if as because while after before
    although in on at for with from not never maybe perhaps just still even also do does did is are was were can could
    would should will have has everyone everybody nobody someone one all some many most today tomorrow yesterday every
    each both another later once since until thanks sorry hello hi look think don't i'm it's that's there's

    er sie es wir ihr ich der die das ein eine und aber dann ja nein danach heute morgen gestern jetzt hier dort da
    auch wenn weil als ob wer wie wo wann warum man mein dein sein unser euer dieser diese dieses alle niemand jeder
    beide viele einige später davor dabei damit trotzdem außerdem leider vielleicht natürlich nun nur noch doch kein
    keine bitte danke am im bei mit nach von vor zu für seitdem zum zur vom deshalb

    il elle je tu nous vous ils elles le la les l un une et mais ce cette ces cela ça c'est puis ensuite alors oui non
    donc aussi quand comme si mon ton son notre votre leur qui que quoi où pourquoi comment aujourd'hui demain ici là
    après avant dans pour avec sans voilà merci tout tous chaque plus rien personne il's j'ai j'aime

    el los las él ella yo tú nosotros ustedes ellos ellas pero sí entonces luego después ahora hoy mañana ayer aquí
    allí este esta esto ese esa eso una unos unas mi su nuestro qué quién cuándo dónde cómo porque cuando también
    nunca siempre todo todos nadie nada hay está gracias además así en con para por sin al cada más

    e lo gli io lui lei noi voi loro ma poi allora adesso oggi domani ieri questo questa quello quella uno mio tuo suo
    nostro che chi quando dove come perché se anche mai sempre tutto tutti nessuno niente c'è è sono grazie inoltre
    dopo prima nel per senza ogni più

    o os ele ela eu nós eles elas mas então depois agora hoje amanhã ontem aqui isto isso esse essa um uma meu teu seu
    nosso quem onde como também tudo ninguém há é obrigado obrigada além em na com sem foi são não sim

    hij zij ze wij jij u ik het een maar dan toen nu vandaag gisteren daar dit dat deze mijn jouw zijn onze wat
    wanneer waar hoe waarom omdat ook nooit altijd alles iedereen niets bedankt daarna eerst op met voor zonder elke
    meer nee

    ona ono oni ty wy to ten ta te ale potem wtedy teraz dziś dzisiaj jutro wczoraj tutaj tam mój twój jego jej nasz
    kto co kiedy gdzie jak dlaczego bo gdy jeśli też także nigdy zawsze wszystko wszyscy nikt nic jest są był była
    było dziękuję następnie później w z dla po bez każdy więcej nie tak

    он она оно они я ты мы вы это этот эта эти но потом затем тогда теперь сейчас сегодня завтра вчера здесь там мой
    твой его её их наш кто что когда где как почему потому если также тоже никогда всегда всё все никто ничего есть
    был была было спасибо позже в на с для по без каждый больше не да нет а и

    bu şu biz siz onlar ben sen ama sonra şimdi bugün yarın dün burada orada benim senin onun bizim kim ne zaman
    nerede nasıl neden çünkü eğer de hiç herkes kimse bir var yok evet hayır teşekkürler ayrıca önce daha ve
    """
)
"""Words that often begin a sentence. They distinguish "at 5 p.m. She stayed" from "the U.S. Army"."""
