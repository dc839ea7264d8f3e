"""German."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

GERMAN: Final = lexicon(
    openers="""
        hey, hi, hallo, huhu, na, ach, oh, ah, äh, hm, hmm, tja, also, nun, so, jetzt, okay, ok, gut, ja, nein,
        doch, nee, bitte, danke, danke schön, dankeschön, vielen dank, danke dir, entschuldigung, entschuldige,
        sorry, verzeihung, guten morgen, guten tag, guten abend, gute nacht, moin, servus, grüß dich, tschüss,
        tschüs, bis bald, bis später, auf wiedersehen, hör mal, hör zu, sag mal, sag, schau, schau mal, guck
        mal, warte, warte mal, moment, komm, und, aber, oder, lieber, liebe, mein lieber, meine liebe, mein
        freund, willkommen, super, toll, prima, genau, stimmt, richtig, wirklich, echt, ehrlich, übrigens,
        erzähl, erzähl mal, für dich, du bist dran, mach weiter, klar, natürlich, sicher, wie geht's, wie geht
        es dir, wie geht's dir, was ist mit, wie ist es mit, du, und du, bravo, gut gemacht, zuerst, nochmal,
        frage an, eine frage an, na ja, naja, mensch, verdammt, herzlichen glückwunsch, los, dann, auch, denn,
        mal, he, ej, ey, deiner meinung nach, nach deiner meinung, ihrer meinung nach, alles klar, alles gut,
        alles okay, alles ok, bei dir, bei ihnen, mit dir, laut dir, für sie, sagen sie, sagen sie mal, sagen
        sie bitte, hören sie, hören sie mal, entschuldigen sie, verzeihen sie, erzählen sie, erzählen sie mal,
        warten sie
    """,
    remarks="""
        okay, ok, gut, ja, nein, doch, danke, danke schön, dankeschön, vielen dank, danke dir, super, toll,
        prima, genau, stimmt, richtig, klar, natürlich, bravo, gut gemacht, ach, oh, na ja, naja,
        entschuldigung, sorry
    """,
    conjunctions="und oder sowie",
    first="ich wir",
    second="du dich dir dein deine deinen deinem deiner deines dein's dirs",
    plural="ihr euch euer eure euren eurem eurer",
    polite="sie ihnen",
    questions="""
        was wie wo wer wen wem wessen wann warum wieso weshalb welche welcher welches welchen wohin woher wozu
        womit wovon worüber
    """,
    auxiliaries="""
        kann können wird will hat ist war sind soll darf muss würde könnte hätte wäre haben wollen sollen
        möchten würden hätten könnten müssen dürfen werden wissen denken meinen glauben finden kennen sagen
        mögen
    """,
    verbs="""
        bist hast kannst willst weißt denkst meinst glaubst magst möchtest sollst darfst musst wirst würdest
        könntest hättest wärst findest siehst hältst sagst machst gehst kommst tust heißt kennst liest hörst
        verstehst erinnerst sag erzähl erklär hilf hör schau komm geh gib zeig mach lass nimm warte denk lies
        sing spiel stell bleib beschreib antworte übersetze wiederhole such schreib rate bitte fang
    """,
    imperatives="""
        vergleiche vergleich setz setze empfiehl würfle würfel dreh schalt schalte öffne schließ schließe lauf
        ruf bring halt hol wirf trink iss tanz beweis beruhige entschuldige beantworte nenn nenne rechne zähl
        zähle buchstabiere beende fass formulier formuliere überleg überlege prüf prüfe vergiss merk merke tu
        sei beschreibe erkläre erzähle zeige sage stelle mache suche schreibe spiele singe antworte übersetz
        wiederhol begrüß begrüße verrate verrat verzeih leg lege steh sitz schlaf wach frag frage probier
        probiere versuch versuche fahr flieg kauf koch back wähl wähle zeichne male such rate unterbrich reg
        beeil entscheid entscheide wünsch korrigier korrigiere vergib lern übe gratulier gratuliere red rede
        sprich stopp bleibe gehe komme schick schicke lies kling trag zieh leih
    """,
    clitics="mir mal doch bitte jetzt denn",
    before="""
        der die das den dem des ein eine einen einem einer von vom zu zum zur mit für bei nach aus über unter
        gegen ohne um an auf in im am vor hinter neben zwischen seit wie als dass ob weil wenn mein meine meinen
        meinem meiner kenne kennst kennt kannte mag magst mochte liebe liebst hasse hasst sehe siehst sah
        gesehen frag frage fragst fragte gefragt treffe traf getroffen besuche besucht höre hörte ruf rufe heiße
        heißt ist war sind bin hat habe hatte meint meinte denkt dachte sagt sagte glaubt würde wird will kann
        soll findet fand macht lass lasst ärgere ärgern unterbrich und oder nicht kein keine weiß armer arme
        kleine kleiner dieser diese dieses wo was wer warum wann wieso wäre hätte könnte tut geht kommt
    """,
    determiners="""
        der die das den dem des ein eine einen einem einer mein meine meinen dein deine deinen sein ihre dieser
        diese dieses keine kein etwas
    """,
    ends="""
        du dich dir mich mir uns ihn es das da hier jetzt heute morgen gestern bitte auch wieder mal denn doch
        davon dazu darüber daran damit dafür sein haben los geht's gut schlecht müde sicher ernst schön fertig
        spät genug mehr an aus auf vor zu nochmal zurück weiter hause falsch richtig leid weh noch schon nichts
        etwas alles
    """,
    intransitive="meinst denkst glaubst sagst findest machst gehst schläfst kommst weißt verstehst",
    except_before="""
        außer, bis auf, nur nicht, aber nicht, nicht, ohne, ausgenommen, mit ausnahme von, statt, anstatt,
        anstelle von, nicht mit, nicht du, nicht für, nicht an, frag nicht, mit ausnahme, jemand anders als,
        jemand anderes als
    """,
    except_after="ausgenommen, nicht, lieber nicht",
    not_you="""
        nicht du, du nicht, aber nicht du, dich nicht, dich meine ich nicht, nicht dich, dich habe ich nicht
        gefragt, ich meine nicht dich, ich meinte nicht dich, ich rede nicht mit dir, ich spreche nicht mit dir,
        ich habe nicht dich gefragt, ich frage nicht dich, dich hab ich nicht gefragt, du bist nicht dran, du
        hältst dich raus, halt du dich raus, du bist still, nicht für dich
    """,
    everyone="""
        leute, alle, freunde, alle zusammen, jeder, meine freunde, allerseits, zusammen, jungs, mädels, kinder,
        meine damen und herren, ihr alle
    """,
    short_everyone="allesamt, team",
    you_all="""
        ihr alle, euch alle, euch allen, jeder von euch, alle von euch, ihr drei, euch drei, ihr vier, wer von
        euch, von euch, jeden von euch, jedem von euch, ihr lieben
    """,
    you_two="""
        ihr beide, ihr beiden, euch beide, euch beiden, ihr zwei, euch zwei, beide von euch, ihr zweie, sie
        beide
    """,
    the_two="die beiden, die zwei, alle beide, beide",
    others="""
        die anderen, die andern, den anderen, den andern, die übrigen, die restlichen, alle anderen, alle
        andern, ihr anderen, ihr andern, die anderen beiden, die anderen zwei, der rest, die beiden anderen
    """,
    one_of_you="irgendeiner, wer auch immer, einer von euch, eine von euch, jemand, irgendjemand, irgendwer",
    feedback="""
        woher wozu inwiefern ach hilfreich nützlich überraschend verrückt schrecklich furchtbar herrlich
        wunderbar lügst gelogen widerspreche sieh hoppla oha stark traurig erklären erklärst klingt wiederholst
        meinen gemeinte verständlich lach hä warum wieso weshalb was wie wer wo wann wirklich echt ehrlich danke
        dankeschön cool toll super prima klasse schön interessant lustig witzig komisch seltsam unglaublich
        unmöglich quatsch unsinn blödsinn wahr falsch richtig genau stimmt sicher ernst meinst meinte gemeint
        erklär erkläre weiter mehr nochmal wiederhole wiederholen bitte oh hm hmm haha ok okay ja nein doch nee
        vielleicht jawohl absolut natürlich klar gut schlecht schade süß verstehe verstehst verstanden glaube
        glaubst bezweifle weißt weiß beispiel beispielsweise passiert geschah passierte dann danach sonst und
        aha achso tatsächlich erzähl erzähle denkst sagst sagtest gesagt bravo perfekt logisch witz scherz
        machst übertreibst schlau klug freut einverstanden genauer gehört recht unfassbar krass wahnsinn denn
    """,
    fillers="""
        weit viel ist's das dass es ist war sind sein du dir dich dein deine ich mir mich mein er sie wir ein
        eine einen der die den dem zu zum für so denn da dazu damit davon daran darüber dafür noch mal auch
        nicht nur sehr ganz bisschen etwas schon eben halt doch jetzt hier und oder aber wenn wie was bitte
        kannst könntest würdest hast bist habe hab hast's geht ging kommt heißt soll sollte will möchte kann in
        im mit von auf aus bei als alle alles nichts keine keinen ahnung grund eigentlich gerade an ja los
        machen mach schön erst
    """,
    asks_named=r"""
        \bich (rede|spreche|sprach|redete) (gerade |jetzt )?mit X\b
        ^(und |aber |oder |so |also |jetzt )*(was|wie) (ist|wäre|steht es|steht's|sieht es|sieht's) (denn )?(mit|
            bei) X( aus)?$
        ^(und|oder|aber) (was ist mit )?X$
        \bwas (meint|denkt|sagt|hält|würde|glaubt|findet|empfiehlt|schlägt|rät) (denn |wohl |eigentlich )?X\b
        \bwie (sieht|findet|würde) X\b
        \b(lass|lasst) X (mal )?(antworten|reden|sprechen|ausreden|erzählen|sagen|erklären)\b
        \b(die meinung|eine antwort|die ansicht) von X\b
        \bvon X (hören|wissen)\b
        \b(ich (meine|meinte|frage|fragte|rede mit|spreche mit)) X$
        \bX (ist|wäre) (jetzt |nun )?(dran|an der reihe)\b
        \bX (soll|sollte|darf|muss|kann) (mal |jetzt |das |zuerst |bitte )*(antworten|anfangen|beginnen|erzählen|
            sagen|erklären)\b
        ^nur X$
        \bwas X (dazu |davon )?(meint|denkt|sagt|hält)
        ^(und |aber |sondern |ich meine )?(der|die|den) X$
    """,
    asks_all=r"""
        \bE (soll|sollen|sollten|darf|dürfen|muss|müssen) (mal |jetzt |bitte )*(antworten|sagen|erzählen|sprechen|
            reden)\b
        \bwas (meinen|denken|sagen|halten|würden|glauben|meint|denkt|sagt|findet) E\b
        \b(sind|seid) (ihr )?E (bereit|da|hier|einverstanden|fertig|wach)\b
        \bE (sollen|sollten|dürfen|müssen|mal) (antworten|sagen|erzählen)\b
        ^wie geht(s| es) E\b
        \b(frage|fragte|meine|meinte|rede mit|spreche mit|will|möchte) E( hören)?$
    """,
    discussion=r"""
        \b(diskutiert|besprecht|beredet|redet|sprecht|unterhaltet|debattiert|klärt|streitet)( euch)?( (das|es|
            darüber|mal|doch|jetzt|bitte|ruhig|weiter))*( (unter|mit|zwischen) (euch|einander|uns|X)
            | miteinander| untereinander| zusammen| ihr (zwei|beide|beiden|drei|alle)| X)
        ^(bitte |jetzt |also |nun |ihr (zwei|beiden|beide|drei) )*(diskutiert|besprecht|debattiert|unterhaltet)\b
        \b(redet|sprecht|plaudert) (mal |doch |bitte |ruhig )*(miteinander|untereinander|unter euch)\b
        \b(X und X|X E) (sollen|sollten|könnten) (das |darüber |mal )*(diskutieren|besprechen|reden|sprechen)\b
        \b(lass|lasst) X (und X )?(das |darüber |mal )*(diskutieren|besprechen|reden)\b
    """,
)
