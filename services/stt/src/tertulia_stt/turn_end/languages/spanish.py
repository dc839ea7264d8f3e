"""Spanish."""

from __future__ import annotations

from tertulia_stt.turn_end.grammar import Grammar, phrases, words

GRAMMAR = Grammar(
    code="es",
    never_last=words(
        "el la los las un una unos unas al del de a en con por para sin sobre entre hacia desde hasta según tras durante "
        "y e o u pero sino ni que porque si aunque cuando mientras como donde cuyo mi tu su mis tus sus nuestro nuestra "
        "nuestros nuestras muy tan me te se le les nos cada contra mediante ante bajo pues lo yo"
    )
    - words("donde yo tu"),
    rarely_last=words(
        "este esta estos estas ese esa esos esas aquel aquella algún ningún otro otra otros otras mucho muchos muchas "
        "más menos no ya también tampoco solo sólo casi cualquier todo todos toda todas yo tu cuál entonces además"
    )
    - words("mucho más no ya también tampoco menos todo todos todas otra entonces esta este solo"),
    subjects=words("yo"),
    copulas=words(
        "es son era eran fue está estoy están estaba he has ha hemos han había soy somos sea será fui"
    ),
    modals=words(
        "puedo puedes puede podemos pueden podría podrías debo debes debe debería deberías quisiera suelo voy vas vamos van"
    )
    - words("voy vas vamos van puedo puedes puede"),
    subordinators=words("si cuando aunque porque mientras"),
    questions=words("qué quién quiénes cómo cuándo cuánto cuánta cuántos cuántas cuál cuáles dónde adónde"),
    fillers=words("este eh em ehm mmm hmm pues"),
    openers=phrases(
        "quiero / quisiera / me gustaría / yo quiero / quería / quería saber / quería preguntarte / quería decirte / "
        "necesito / tengo que / puedes / puedes decirme / podrías / podrías decirme / me puedes / me puedes decir / me "
        "podrías decir / sabes / sabes si / lo que pasa es / el problema es / la cosa es / la verdad es / es que / creo "
        "/ yo creo / pienso / me parece / supongo / espero / o sea / es decir / por ejemplo / además / sin embargo / por "
        "cierto / en mi opinión / dime / cuéntame / dame / enséñame / había una vez / me llamo / mi nombre es / mi número "
        "es / estoy / soy / tengo / he / voy a / vamos a / ayer / el otro día / no sé si / no sé qué / me pregunto / me "
        "acuerdo / hay / cuando yo / si yo / yo / tú / él / ella / nosotros / ellos / crees / te gustaría / quieres / "
        "dijo / él dijo / primero / en primer lugar / por un lado / por otro lado / depende de / quizás / tal vez / mi "
        "amigo / la semana pasada / estaba / estaba pensando / lo que quiero decir es / qué te parece si / por favor / bueno"
    )
    - phrases("tú / él / ella / nosotros / ellos / yo"),
    tails=phrases(
        "para que / ya que / así que / a pesar de / en vez de / un poco de / un montón de / más que / menos que / tan como "
        "/ tengo que / tienes que / hay que / voy a / va a / vas a / y media de / es decir / por ejemplo / lo que / el que "
        "/ la que / los que / por lo / a las / y cuarto de / y yo / pero yo / porque yo / que yo / si yo / cuando yo / que "
        "tú / porque tú / si tú / que él / porque ella / que ella / creo que / de mi / con mi / gracias a / cerca de / "
        "dos cosas / tres cosas / lo siguiente / al menos / además de / antes de / después de / me gustaría / no sé si / "
        "yo quiero / quiero un / es que / y entonces / y luego / hablar de / acerca de / uno de / algunos de / dime qué"
    ),
    complete=phrases(
        "sí / no / claro / claro que sí / claro que no / vale / ok / okay / de acuerdo / bien / muy bien / perfecto / genial "
        "/ exacto / exactamente / correcto / cierto / gracias / muchas gracias / de nada / por supuesto / tal vez luego / no "
        "lo sé / no sé / ni idea / yo también / yo tampoco / a mí también / buenas noches / adiós / hasta luego / hasta "
        "mañana / nos vemos / para / basta / espera / sigue / continúa / qué / por qué / cómo / quién / cuándo / dónde / de "
        "verdad / en serio / por qué no / y tú / y qué / y luego qué / qué más / qué pasa / qué pasó / qué tal / cómo estás "
        "/ cómo te llamas / eso es / eso es todo / es verdad / te quiero / te amo / estoy bien / estoy cansado / tengo hambre "
        "/ entiendo / no entiendo / ya veo / no importa / da igual / olvídalo / buena idea / buena pregunta / perdón / lo "
        "siento / disculpa / silencio / cállate / ayuda / otra vez / una vez más / nada / todo / los dos / todavía no / sí "
        "por favor / no gracias / está bien / me da igual / vamos / qué bien / qué dices / qué opinas / depende / a veces"
    ),
    greetings=phrases("hola / buenos días / buenas tardes / buenas / vale / bueno"),
    calls=words("oye oiga eh mira escucha querida querido y o"),
    tags=phrases("por favor / verdad / no es verdad / no es cierto / a que sí / no crees / gracias / vale / no te parece / también"),
    imperatives=words(
        "cuenta cuéntame cuéntanos canta toca lee explica explícame describe muestra enséñame dame para empieza enciende "
        "apaga abre cierra repite di dime habla haz busca traduce recomienda recomiéndame ayúdame pregunta pregúntale "
        "responde recuérdame llama pon trae toma ven ve deja escribe piensa imagina adivina espera escucha mira cuéntale"
    ),
    transitives=words("quiero necesito compré hice tengo quieres necesitas busco traje dije prefiero odio encontré"),
    negations=words("yo no también siempre ya solo nunca"),
    tens=words("treinta cuarenta cincuenta sesenta setenta ochenta noventa"),
    points=words("coma punto"),
    digits=words("cero uno dos tres cuatro cinco seis siete ocho nueve"),
    phone_words=phrases("teléfono / mi número / móvil / celular"),
    firsts=words("primero primeramente"),
    nexts=words("segundo tercero luego después"),
    lead=words("y pero pues bueno ah oh sí no vale entonces oye mira perdona perdón ok o ya ahora eh"),
    common=words("el la los las es no lo que de muy bien estoy tengo mi hoy ayer fue está son me gusta tu"),
)
