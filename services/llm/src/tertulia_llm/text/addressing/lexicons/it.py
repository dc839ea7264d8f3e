"""Italian."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

ITALIAN: Final = lexicon(
    openers="""
        ciao, ehi, ehilà, salve, buongiorno, buonasera, buonanotte, buon giorno, buona sera, buon pomeriggio,
        ah, oh, eh, mah, beh, bene, allora, dunque, quindi, ora, adesso, ok, okay, va bene, d'accordo, sì, no,
        certo, per favore, per piacere, ti prego, grazie, grazie mille, tante grazie, scusa, scusami, mi
        dispiace, arrivederci, a presto, a domani, a dopo, benvenuto, benvenuta, ascolta, senti, senti un po',
        guarda, aspetta, un attimo, un momento, vieni, dai, su, forza, e, ed, o, ma, anche, caro, cara, mio
        caro, mia cara, amico mio, amica mia, bravo, brava, ottimo, esatto, giusto, vero, davvero, sul serio, a
        proposito, dimmi, di', raccontami, per te, tocca a te, è il tuo turno, continua, vai, vai avanti,
        certamente, come stai, come va, che si dice, e tu, tu, che ne dici, primo, ancora, una domanda per,
        domanda per, auguri, complimenti, bello, piacere, che ne dici di, e per te, mamma mia, secondo te,
        secondo lei, a tuo parere, a tuo avviso, a suo parere, a suo avviso, tutto bene, tutto a posto, tutto
        ok, con te, da te, mi dica, dica, senta, scusi, mi scusi, ascolti, guardi, aspetti, mi racconti, e lei,
        lei
    """,
    remarks="""
        ok, okay, va bene, d'accordo, sì, no, certo, grazie, grazie mille, tante grazie, scusa, mi dispiace,
        bravo, brava, ottimo, esatto, giusto, vero, bene, ah, oh, complimenti, bello, certamente
    """,
    conjunctions="e ed o oppure",
    first="io noi",
    second="tu te ti tuo tua tuoi tue",
    plural="voi vi vostro vostra vostri vostre",
    questions="che cosa come dove chi quando perché quale quali quanto quanta cos com dov",
    auxiliaries="può potrebbe vuole è ha va deve sa era fa",
    verbs="""
        sei hai puoi potresti pensi credi sai vuoi vai devi dici fai vedi vieni conosci capisci preferisci
        ricordi senti racconti aiuti vorresti saresti avresti spieghi canti leggi giochi rispondi trovi ripeti
        ami piaci dimmi dicci raccontami raccontaci spiegami spiegaci aiutami aiutaci ascoltami guardami dammi
        fammi facci fa' metti esci tieni cantami leggimi rispondimi traduci descrivi immagina indovina lascia
        smettila smetti stai taci calmati svegliati ricordami scrivimi perdonami fermati parlami insegnami
        mostrami zitto consigliami suggeriscimi presentati siediti alzati sbrigati preparati rilassati scusati
        ricordati mostraci salutami tranquillizzati cantaci leggici scrivici indovinami
    """,
    imperatives="""
        consigliami consiglia suggeriscimi suggerisci accendi spegni apri chiudi cerca scegli finisci inizia
        comincia calcola somma conta nomina elenca correggi riassumi disegna balla salta corri cammina guarda
        scrivi suona chiama compra porta manda prova controlla presentati siediti alzati sbrigati preparati
        rilassati scusati dormi mangia bevi cucina lancia tira dimostra definisci cita torna entra sali scendi
        paga impara ricordati dimentica pensa confronta paragona parla sii abbi va' vattene va spiegaglielo
        chiedi cambia aggiungi togli mostraci salutami saluta recita tranquillizzati
    """,
    clitics="mi ti lo la le gli ci ne si non me te ce",
    before="""
        il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai con col per da dal
        dalla in nel nella su sul sulla senza contro tra fra come che se quando perché mio mia miei mie suo sua
        loro nostro conosco conosci conosce visto vedo vedi vede vidi incontrato amo ami odio ho ha aveva è era
        sono sei dice disse detto pensa pensava crede voleva vuole può fa fece chiama chiamo chiedi chiesto
        chiedere invitato sentito né e o non povero povera questo questa quel quella dove chi cosa secondo
        intendeva farebbe direbbe prendere stuzzicare disturbare
    """,
    determiners="il lo la i gli le l un uno una mio mia tuo tua suo sua questo questa quel quella nostro",
    ends="""
        tu te me noi questo quello ciò qui qua lì là ora adesso oggi domani ieri favore anche bene male tardi
        presto sempre mai niente qualcosa tutto più meno molto poco stanco stanca pronto pronta felice triste
        vero serio dopo ragione stai sei pensi dici fai credi sai grazie ne casa fame sonno accordo va così
        giusto
    """,
    intransitive="pensi credi dici fai vai dormi stai sai",
    except_before="""
        non parlo con, non sto parlando con, non chiedo a, tranne, eccetto, salvo, ma non, non, senza, a parte,
        all'infuori di, che non sia, meno, tranne il, tranne la, invece di, non tu, ad eccezione di, non a, non
        per, fuorché, escluso, esclusa, e non, al posto di
    """,
    except_after="escluso, esclusa, no",
    not_you="""
        non tu, tu no, ma non tu, non a te, a te no, non dico a te, non dicevo a te, non parlo con te, non sto
        parlando con te, non chiedo a te, non lo chiedo a te, non mi riferisco a te, non tocca a te, non è il
        tuo turno, non per te, tu stai zitto, tu stanne fuori, non l'ho chiesto a te
    """,
    everyone="""
        tutti, tutte, ragazzi, ragazze, gente, amici, amiche, signori, signore e signori, squadra, tutti quanti,
        ognuno, bambini, amici miei, raga
    """,
    short_everyone="insieme",
    you_all="""
        voi tutti, tutti voi, tutte voi, ognuno di voi, ciascuno di voi, voi tre, tutti e tre, tutte e tre, a
        tutti, chi di voi, a tutti voi, uno per uno
    """,
    you_two="voi due",
    the_two="tutti e due, tutte e due, entrambi, entrambe, ambedue",
    others="gli altri, le altre, tutti gli altri, voi altri, gli altri due, agli altri",
    one_of_you="chiunque, uno di voi, una di voi, qualcuno",
    feedback="""
        caspita utile sorprendente pazzo terribile orribile meraviglioso stupendo menti bugia triste cavolo dai
        ma lo sapevi spieghi ripeti ripetilo significa capire perché che cosa come chi dove quando quale davvero
        serio seriamente onestamente grazie mille forte bello bella ottimo eccellente interessante divertente
        strano incredibile impossibile assurdo sciocchezze vero falso esatto giusto corretto certo sicuro sicura
        dire spiega spiegami spiegati spiegare continua ancora più ripetere scusa scusami oh ah hmm haha ahah ok
        okay sì no forse magari assolutamente bene male peccato capisco capito capisci credo credi dubito so sai
        esempio successo succede succeduto poi dopo allora quindi racconta raccontami pensi perfetto logico
        scherzi scherzo ragione accordo sembra intendi intendevi vuoi volevi dici dicevi stai gentile prosegui
        altro addirittura figurati esageri vai avanti senso
    """,
    fillers="""
        questo quello ciò è e era essere tu te ti tuo io me mi mio lui lei noi un una il lo la i gli le l di del
        a al per con in su se ma o non molto tanto poco bene po' troppo niente tutto solo anche qui ora ha ho
        hai puoi potresti può va ne ci così cosa cos idea alcuna nessuna fatto fare volta favore piacere ultimo
        stesso sono sei sul quel che da nel d altre modo
    """,
    second_verb=r"\w{2,}(asti|esti|isti|eresti|iresti|erai|irai|avi|evi)",
    plural_verb=r"""
        (pens|parl|and|st|f|raccont|ascolt|guard|d|aspett|mang|prov|rispond|cred|sap|pot|vol|dov|prefer|dorm|ven|
            dic|av|vorr|fa|trov|cant|gioc|aiut|spieg)[aei]te
        avete|siete|ditemi|raccontatemi|sentite|potreste|vorreste|direste|fareste
    """,
    asks_named=r"""
        \b(sto|stavo) (parlando con|chiedendo a) X\b
        ^(e |ed |ma |o |allora )*(che ne dici di|come la vede|che mi dici di) X$
        ^(e|ed|o|ma) X( invece)?$
        \b(che|cosa|che cosa|cosa ne|che ne) (pensa|dice|direbbe|crede|farebbe|suggerisce|consiglia|preferisce|
            ne pensa|ne dice) X\b
        \bX (che|cosa|che cosa)( ne)? (pensa|dice)\b
        \bcome la (vede|pensa) X\b
        \b(lascia|lasciate|fai|fate) (che )?(X )?(rispondere|rispondesse|risponda|parlare|finire|dire|parli)
            ( a)? ?X?\b
        \bil parere di X\b|\bl opinione di X\b
        \b(tocca a|è il turno di|è la volta di|voglio sentire|vorrei sentire|parlo con|parlavo con|chiedo a|
            mi riferisco a|mi riferivo a|intendevo) X\b
        ^(solo|soltanto) X$
        \bsecondo X$
        \bcosa (ne pensa|pensa) X\b
    """,
    asks_all=r"""
        \bE (deve|devono|può|possono) (rispondere|parlare|dire)\b
        \b(che|cosa|che cosa)( ne)? (pensano|dicono|pensate|dite|vogliono|pensa) E\b
        \b(siete|sono) (E (pronti|d accordo|qui)|pronti E)\b
        ^come (state|stanno) E\b
        \bvoglio che E\b|\bvorrei che E\b
        \b(chiedo a|chiedevo a|parlo con|parlavo con|intendo) E$
    """,
    discussion=r"""
        \b(discutete|discutetene|parlate|parlatene|dibattete|chiacchierate|confrontatevi|dibattetene)( (di|su|
            ne))?( (questo|ciò|quello|questa cosa))?( (tra|fra|voi|tutti|insieme|X|con)|$)
        \b(lascia|fai|che) (che )?X e X (ne )?(discutano|parlino|discutere|parlare)\b
        \bX e X (discutetene|parlatene|discutete|parlate)\b
    """,
)
