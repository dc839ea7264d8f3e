"""Portuguese, of Brazil and Portugal."""

from __future__ import annotations

from tertulia_stt.turn_end.grammar import Grammar, phrases, words

GRAMMAR = Grammar(
    code="pt",
    never_last=words(
        "o a os as um uma uns umas do da dos das no na nos nas ao à aos às pelo pela pelos pelas num numa de em com por "
        "para pra pro sem sobre entre até desde contra e ou mas porém nem que porque se embora quando enquanto como cujo "
        "meu minha meus minhas seu sua seus suas teu tua nosso nossa nossos nossas muito tão cada me te lhe eu segundo "
        "durante conforme este esse aquele"
    )
    - words("meu minha muito eu teu tua seu sua nosso nossa como segundo sobre este esse aquele"),
    rarely_last=words(
        "meu minha teu tua seu sua nosso nossa este esta estes estas esse essa esses essas aquele aquela muito muitos muitas "
        "mais menos não já também só quase algum alguma alguns algumas outro outra outros outras qualquer todo toda todos "
        "todas eu como sobre ele ela eles você então ainda nós bastante"
    )
    - words("muito mais não menos já também só todos todas outro outra você ele ela eles ainda então como este essa esse"),
    subjects=words("eu"),
    copulas=words(
        "é são era eram foi está estou estão estava estamos sou somos tenho tem têm tinha temos há havia fui tô tá será"
    ),
    modals=words("posso pode podes podemos podem poderia podia devo deve deveria vou vai vamos vão quero quer queria gostaria")
    - words("vai vamos vou posso pode"),
    subordinators=words("se quando embora porque enquanto caso"),
    questions=words("que quê quem como quando onde quanto quanta quantos quantas qual quais porquê aonde"),
    fillers=words("hum ahn ã hã éé uh hmm ééé"),
    openers=phrases(
        "eu quero / eu queria / eu gostaria / quero / queria / queria saber / eu queria saber / eu queria te perguntar / "
        "gostaria / gostaria de / eu gostaria de / preciso / eu preciso / preciso de / eu preciso de / tenho que / eu tenho "
        "que / você pode / você pode me / você pode me dizer / pode / podes / podes dizer-me / pode me dizer / poderia / você "
        "poderia / você sabe / sabes / você sabe se / o problema é / a questão é / a verdade é / é que / o negócio é / acho / "
        "eu acho / penso / eu penso / eu acredito / parece / suponho / espero / eu me pergunto / eu lembro / quer dizer / "
        "por exemplo / além disso / aliás / na minha opinião / me diz / diz-me / me conta / conta-me / me dá / dá-me / me "
        "mostra / era uma vez / meu nome é / eu me chamo / chamo-me / o meu nome é / meu número é / o meu número é / eu sou "
        "/ eu estou / eu tenho / eu fui / eu estava / estou / tem / há / ontem / outro dia / não sei se / não sei o que / "
        "você acha / você quer / queres / o que eu quero dizer é / na verdade / primeiro / em primeiro lugar / por um lado "
        "/ depende de / talvez / meu amigo / semana passada / ele disse / ela disse / eu estava pensando / eu vou / a gente "
        "/ nós / eu / eles / que tal / por favor / bom / tipo / pois / é / quando eu / se eu / eu não"
    )
    - phrases("eu / nós / eles"),
    tails=phrases(
        "para que / já que / assim que / apesar de / em vez de / ao invés de / um pouco de / um monte de / mais do que / menos "
        "do que / do que / tenho que / tem que / temos que / vou para / por causa de / graças a / perto de / antes de / depois "
        "de / além de / por exemplo / acho que / o que / a que / e eu / mas eu / porque eu / que eu / se eu / quando eu / que "
        "você / porque você / se você / que ele / porque ele / que ela / porque ela / e meu / e minha / com meu / com minha / "
        "o meu / a minha / do meu / da minha / no meu / na minha / que o meu / que a minha / de meu / o seu / a sua / do seu / "
        "duas coisas / três coisas / o seguinte / pelo menos / é muito / é um / não é / foi muito / está muito / e depois / e "
        "também / mas também / mas não / um dos / uma das / meia para / quero um / gosto de / preciso de / sobre o / que não / "
        "estava muito / falar sobre / eu não / me fala sobre / conta sobre / saber se / meu amigo e / me dizer"
    )
    - phrases("o que / não é / pelo menos / eu não"),
    complete=phrases(
        "sim / não / claro / claro que sim / claro que não / tá / tá bom / está bem / ok / okay / de acordo / bem / muito bem "
        "/ tudo bem / perfeito / ótimo / legal / exato / exatamente / isso / isso mesmo / certo / é verdade / obrigado / "
        "obrigada / muito obrigado / muito obrigada / de nada / não sei / não faço ideia / eu também / eu também não / eu "
        "não / boa noite / tchau / adeus / até logo / até amanhã / até já / para / pare / chega / espera / continua / vai / o "
        "quê / o que / por quê / por que / porquê / como / quem / quando / onde / sério / verdade / a sério / por que não / "
        "porque não / e você / e tu / e aí / e depois / que mais / o que mais / o que foi / o que aconteceu / como vai / como "
        "você está / como estás / como você se chama / tudo bom / é isso / é só isso / te amo / eu te amo / estou bem / estou "
        "cansado / estou com fome / entendo / entendi / não entendi / não importa / tanto faz / deixa pra lá / esquece / boa "
        "ideia / boa pergunta / desculpa / desculpe / sinto muito / silêncio / cala a boca / socorro / de novo / outra vez / "
        "mais uma vez / nada / tudo / os dois / ainda não / sim por favor / não obrigado / com certeza / depende / vamos / "
        "pois é / que bom / o que você acha / o que achas / talvez depois"
    ),
    greetings=phrases("olá / oi / bom dia / boa tarde / ok / bom"),
    calls=words("ei ó escuta olha querida querido e ou hey"),
    tags=phrases("por favor / né / não é / não é verdade / certo / não acha / não achas / obrigado / tá / pois não / também"),
    imperatives=words(
        "conta conte canta cante toca toque lê leia explica explique descreve mostra mostre dá dê para comece liga desliga "
        "abre abra fecha feche repete repita diz diga fala fale faz faça procura traduz recomenda ajuda pergunta responde "
        "lembra chama põe traz pega vem deixa escreve imagina adivinha espera escuta olha conta-me diz-me"
    ),
    transitives=words("quero preciso comprei fiz quer trouxe disse prefiro odeio encontrei procuro queria"),
    negations=words("eu não também sempre já só nunca você"),
    tens=words("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"),
    points=words("vírgula"),
    digits=words("zero um dois três quatro cinco seis meia sete oito nove"),
    phone_words=phrases("telefone / meu número / celular / telemóvel"),
    firsts=words("primeiro primeiramente"),
    nexts=words("segundo terceiro depois"),
    lead=words("e mas então bom bem ah oh sim não ok tá olha desculpa pois ou ei aí agora é"),
    common=words("o os as que é um uma não com para do da em por mas mais eu você está no na foi muito isso ontem ele meu"),
)
