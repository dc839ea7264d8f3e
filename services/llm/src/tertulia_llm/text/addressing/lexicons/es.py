"""Spanish."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

SPANISH: Final = lexicon(
    openers="""
        hola, oye, oiga, eh, ey, hey, ah, oh, ay, bueno, pues, a ver, mira, escucha, espera, un momento, vamos,
        venga, anda, entonces, ahora, ok, okey, vale, sí, si, no, claro, por favor, gracias, muchas gracias, mil
        gracias, perdón, perdona, disculpa, lo siento, buenos días, buenas tardes, buenas noches, buenas, buen
        día, adiós, hasta luego, hasta mañana, chao, chau, nos vemos, bienvenido, bienvenida, y, e, o, pero,
        también, querido, querida, amigo, amiga, amigo mío, mi amor, genial, bien, muy bien, bravo, exacto,
        cierto, verdad, en serio, de verdad, por cierto, dime, dinos, cuéntame, para ti, te toca, tu turno,
        sigue, continúa, por supuesto, seguro, cómo estás, qué tal, qué hay, y tú, tú, qué hay de, y qué hay de,
        qué pasa con, primero, otra vez, una pregunta para, pregunta para, felicidades, encantado de verte, mi
        querido, mi querida, che, oíme, bien hecho, según tú, según usted, en tu opinión, en su opinión, a tu
        juicio, todo bien, todo en orden, contigo, dígame, diga, perdone, disculpe, cuénteme, mire, escuche,
        espere, a tu parecer
    """,
    remarks="""
        ok, okey, vale, sí, no, claro, gracias, muchas gracias, mil gracias, perdón, lo siento, genial, bien,
        muy bien, bravo, exacto, cierto, por supuesto, seguro, ah, oh, bueno, bien hecho
    """,
    conjunctions="y e o u",
    first="yo nosotros",
    second="tú tu te ti tus tuyo tuya contigo vos usted",
    plural="vosotros vosotras os vuestro vuestra vuestros vuestras ustedes",
    polite="usted ustedes",
    questions="qué cómo dónde quién quiénes cuándo cuál cuáles cuánto cuánta cuántos por adónde",
    auxiliaries="puede podría quiere tiene es está ha va debe sabe era fue hay",
    verbs="""
        eres estás tienes puedes podrías crees sabes piensas quieres opinas has vas debes dices haces ves vienes
        conoces entiendes recuerdas prefieres sientes vives sos tenés podés pensás querés sabés creés ayudas
        cuentas dime dinos di cuéntame cuéntanos explícame explícanos explica ayúdame ayúdanos escúchame mírame
        dame danos hazme haz ven ve pon sal ten oye háblame enséñame enséñanos cántame léeme léenos respóndeme
        contéstame contesta responde repite traduce describe imagina adivina deja para cállate siéntate
        tranquilízate despierta recuérdame escríbeme perdóname dile pregúntale ponme
    """,
    imperatives="""
        recomienda sugiere compara enciende apaga abre cierra busca elige escoge termina empieza comienza sigue
        continúa calcula suma cuenta nombra enumera corrige resume dibuja pinta baila salta corre camina mira
        escucha escribe lee canta toca llama compra vende trae lleva envía manda prueba intenta revisa comprueba
        preséntate levántate acuérdate despídete discúlpate relájate duerme come bebe cocina lanza tira
        demuestra define cita vuelve entra sal sube baja para espera ten sé ayuda habla pide paga aprende
        recuerda olvida piensa apúrate
    """,
    clitics="me te lo la le nos se no ya",
    before="""
        a al el la los las un una unos unas de del con para por en sobre sin según contra desde hasta entre como
        que si cuando porque mi mis su sus nuestro nuestra conozco conoces conoce vi viste vio he ha había es
        era fue soy está estaba dijo dice dijiste piensa pensó cree creyó opina quiso quiere quería llamo llama
        amo odio quiero veo vimos pregunta pregunté invita invité entiende sabe hace hizo puede podría ni y o no
        pobre este esta ese esa mientras aunque donde quién dónde qué cómo cuándo molestes molestar
    """,
    determiners="el la los las un una unos unas mi mis tu tus su sus este esta ese esa nuestro nuestra",
    ends="""
        tú ti te mí me nos eso esto aquí ahí allí ahora hoy mañana ayer favor también bien mal tarde pronto
        siempre nunca nada algo todo más menos mucho poco cansado cansada aburrido aburrida listo lista feliz
        triste verdad serio luego razón estás eres opinas piensas crees dices haces sabes gracias ello gusta
        casa hambre sueño acuerdo va tal
    """,
    intransitive="piensas crees opinas dices haces vas duermes estás",
    except_before="""
        no hablo con, no estoy hablando con, no le hablo a, excepto, salvo, menos, excepto a, menos a, excepto
        el, menos el, menos la, pero no, no, no a, sin, aparte de, que no sea, en vez de, en lugar de, no para,
        tú no, con excepción de, a excepción de, quitando a, no le pregunto a, exceptuando a, y no
    """,
    except_after="no, excluido, excluida",
    not_you="""
        tú no, no tú, pero no tú, a ti no, no a ti, no es a ti, no es para ti, no te hablo a ti, no te pregunto
        a ti, no te pregunté a ti, no hablo contigo, no estoy hablando contigo, no me refiero a ti, no me
        refería a ti, vos no, usted no, tú calla, tú cállate, no te toca, no te toca a ti
    """,
    everyone="""
        todos, todas, chicos, chicas, gente, amigos, amigas, muchachos, señores, equipo, damas y caballeros,
        todo el mundo, colegas, compañeros, tíos
    """,
    short_everyone="ambas",
    you_all="""
        todos vosotros, todas vosotras, todos ustedes, todas ustedes, cada uno de vosotros, cada uno de ustedes,
        cada uno, cada una, vosotros tres, ustedes tres, los tres, las tres, a todos, quién de ustedes, quién de
        vosotros, alguno de vosotros
    """,
    you_two="ustedes dos, vosotros dos, vosotras dos",
    the_two="ambos, los dos, las dos",
    others="""
        los demás, las demás, los otros, las otras, los otros dos, los demás de ustedes, todos los demás, el
        resto
    """,
    one_of_you="cualquiera, cualquiera de ustedes, alguien, uno de ustedes, uno de vosotros, alguno",
    feedback="""
        digas caramba anda útil sorprendente loco terrible horrible maravilloso hermoso mientes mentira discrepo
        triste caray madre mía explicas explícalo repites significa entenderlo comprendes por porqué qué cómo
        quién dónde cuándo cuál serio seriamente verdad muchas gracias genial guay bonito estupendo excelente
        interesante gracioso divertido raro extraño increíble imposible tontería tonterías cierto falso exacto
        correcto claro seguro segura refieres refería quieres quería quisiste decir dices dijiste explica
        explícame explícate sigue continúa más otra vez repite repítelo repetir perdón oh ah ay hmm jaja jajaja
        ok vale sí no quizás quizá tal absolutamente supuesto bien mal lástima entiendo entendido entiendes
        comprendo creo crees dudo sé sabes ejemplo pasó pasa sucedió luego después entonces cuéntame cuenta
        piensas opinas perfecto lógico broma bromeas razón acuerdo suena listo vaya estás eres amable siguiente
        explicar explicarlo ocurrió lindo además sentido
    """,
    fillers="""
        eso esto esa ese es era fue ser tú tu te ti yo me mí mi él ella nos un una el la los las lo de del que a
        para por con en tan así pero y o si ya no muy mucho poco algo todo nada solo también aquí ahora hay ha
        he has puedes podrías puede qué va vas sí se le al más sobre como cosa idea tengo tienes están hacer
        haces favor último mismo ni eres otra
    """,
    second_verb=r"\w{4,}(ame|eme)|\w{2,}(aste|iste|arías|erías|irías|arás|erás|irás|abas)",
    plural_verb=r"""
        \w{2,}(ais|eis|asteis|isteis)
        contadme|decidme|decid|escuchad|mirad|venid|callad|cuéntenme|díganme|escuchen|miren|vengan
    """,
    asks_named=r"""
        \b(estoy|estaba) (hablando con|preguntando a|preguntándole a) X\b|\b(hablaba con|le hablo a|
            le hablaba a) X\b
        ^(y |pero |o |bueno |entonces )*(qué (hay de|pasa con|tal)|cómo (ves|lo ve)) (el |la )?X$
        ^(y|o|pero) (el |la |a )?X( qué)?$
        \bqué (piensa|opina|dice|diría|cree|haría|recomienda|sugiere|prefiere|le parece a) (el |la )?X\b
        \bcómo lo ve X\b
        \b(deja|dejad|dejen) (que |a )?X (responda|hable|conteste|termine|explique|responder|hablar|contestar)\b
        \bla opinión de X\b
        \b(que responda|que conteste|que hable|le toca a|es el turno de|turno de|quiero oír a|quiero escuchar a|
            le pregunto a|pregunto a|hablo con|me refiero a|me refería a) X\b
        ^(solo|sólo|solamente) X$
        \ba X qué le parece
        \bX qué (piensa|opina|dice)\b
    """,
    asks_all=r"""
        \bE (debe|deben|puede|pueden|tiene que|tienen que) (responder|contestar|hablar|decir)\b
        \bqué (piensan|opinan|dicen|pensáis|opináis|quieren|piensa|opina|prefieren|les parece) (a )?E\b
        \bqué (piensa|opina|dice) E$
        \b(están|estáis|está) (E listos|E de acuerdo|listos E|de acuerdo E|E aquí)\b
        \bE (qué )?(piensan|opinan|creen|prefieren|digan|tienen que responder)\b
        ^cómo están E\b
        \b(quiero|me gustaría) que E\b
        \b(pregunto a|preguntaba a|hablo con|me refiero a|quiero oír a) E$
    """,
    discussion=r"""
        \b(discutan|discutid|discútanlo|discutidlo|hablen|hablad|háblenlo|habladlo|debatan|debatid|debátanlo|
            debatidlo|conversen|charlen|charlad|platiquen|comenten|comentadlo)( (de|sobre))?( (eso|esto|ello|
            ese tema|el tema))?( (entre|ustedes|vosotros|vosotras|los|las|X|con|todos|juntos)|$)
        \b(deja|que|quiero que) X y X (lo )?(discutan|debatan|hablen|conversen|charlen)\b
        \bX y X (discutan|debatan|discútanlo|háblenlo|hablen)\b
    """,
)
