"""Portuguese."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

PORTUGUESE: Final = lexicon(
    openers="""
        oi, olá, ei, ô, ah, oh, eh, bem, bom, então, agora, pois, ok, okay, está bem, tá bom, tá, beleza, certo,
        sim, não, claro, por favor, obrigado, obrigada, muito obrigado, muito obrigada, valeu, desculpa,
        desculpe, perdão, com licença, bom dia, boa tarde, boa noite, tchau, adeus, até logo, até amanhã, até
        já, bem-vindo, bem-vinda, escuta, escute, ouve, olha, olhe, espera, espere, um momento, vem, vamos, vá,
        e, ou, mas, também, querido, querida, meu caro, minha cara, meu amigo, minha amiga, legal, ótimo, boa,
        bravo, exato, exatamente, verdade, é verdade, sério, a sério, a propósito, aliás, diz, diga, me diz, me
        diga, me conta, diz-me, conta-me, conta, para você, para ti, sua vez, é a sua vez, é a tua vez,
        continua, continue, com certeza, como vai, como está, tudo bem, tudo bom, e você, e tu, você, tu, e
        quanto a, que tal, primeiro, de novo, uma pergunta para, pergunta para, parabéns, prazer, muito bem,
        nossa, na sua opinião, na tua opinião, segundo você, a seu ver, a teu ver, com você, contigo, por aí,
        com o senhor, tudo certo, tudo em ordem, diga-me, ouça, veja
    """,
    remarks="""
        ok, okay, está bem, tá bom, tá, beleza, certo, sim, não, claro, obrigado, obrigada, muito obrigado,
        muito obrigada, valeu, desculpa, legal, ótimo, bravo, exato, exatamente, é verdade, com certeza, ah, oh,
        parabéns, muito bem
    """,
    conjunctions="e ou",
    first="eu nós",
    second="você tu te ti teu tua teus tuas contigo cê senhor senhora",
    plural="vocês vós vosso vossa vossos vossas convosco",
    questions="que quê como onde quem quando porquê qual quais quanto quanta quantos aonde",
    auxiliaries="pode poderia quer tem é está vai deve sabe era foi",
    verbs="""
        és estás tens podes poderias achas sabes pensas queres vais deves dizes fazes vês vens conheces entendes
        lembras preferes sentes vives gostas concordas ajudas diz-me diga-me conta-me conte-me explica-me
        explique-me ajuda-me ajude-me dá-me dê-me faz-me diga conte explique ajude escute olhe venha cale fale
        responda repita traduza descreva imagine adivinhe pare espere cante leia mostre deixe lembre escreva
        perdoe sente acorde continue fala escuta olha vem diz
    """,
    imperatives="""
        coloca põe liga desliga recomenda sugere compara senta senta-te ajuda mostra abre fecha coloque ligue
        desligue recomende sugira compare abra feche mostre ensine ensina-me procura procure escolhe escolha
        termina termine começa comece calcula calcule soma some nomeia corrige corrija resume resuma desenha
        desenhe dança dance pula corra corre anda caminhe canta toque compra compre traga manda mande tenta
        tente verifica verifique apresente apresenta levanta levante relaxa relaxe desculpa-te dorme durma coma
        bebe beba cozinha joga jogue prove defina cite volta volte entra entre aprenda lembra esquece esqueça
        pense sê tenha pede peça paga pague muda mude adiciona tira tire
    """,
    clitics="me te o a lhe nos se não já",
    before="""
        o a os as um uma uns umas de do da dos das com para por pelo pela em no na nos nas sobre sem contra
        desde até entre como que se quando porque meu minha meus minhas seu sua nosso nossa conheço conhece
        conheces vi viu vejo vê visto é era foi sou está estava disse diz falou pensa pensou acha achou quis
        quer queria chama chamo amo odeio adoro perguntei pergunta perguntar convidei ouvi encontrei pode faz
        fez sabe nem e ou não pobre este esta esse essa onde quem qual ao à provocar incomodar faria diria ter
    """,
    determiners="o a os as um uma uns umas meu minha teu tua seu sua este esta esse essa nosso nossa",
    ends="""
        você tu ti mim nós isso isto aqui aí ali agora hoje amanhã ontem favor também bem mal tarde cedo sempre
        nunca nada algo tudo mais menos muito pouco cansado cansada pronto pronta feliz triste verdade sério
        depois razão acha achas pensa pensas está és diz faz obrigado obrigada disso nisso casa fome sono acordo
        vai assim certo
    """,
    intransitive="acha achas pensa pensas diz faz vai dorme está sabe",
    except_before="""
        não estou falando com, não falo com, não perguntei a, exceto, menos, salvo, mas não, não, sem, fora, a
        não ser, que não seja, em vez de, não você, exceto o, exceto a, menos o, menos a, tirando, tirando o,
        tirando a, com exceção de, com exceção do, com exceção da, não o, não a, não ao, não para, além de, além
        do, além da, e não, excepto, excepto o, excepto a
    """,
    except_after="não, excluído, excluída",
    not_you="""
        não você, você não, mas não você, tu não, não tu, não é com você, não é contigo, não estou falando com
        você, não estou a falar contigo, não falei com você, não perguntei a você, não te perguntei, não
        perguntei para você, não me refiro a você, não é a sua vez, não é a tua vez, não para você, você fica
        quieto, não é para você, não é pra você
    """,
    everyone="""
        todos, todas, pessoal, gente, galera, amigos, amigas, meninos, meninas, turma, senhores, senhoras e
        senhores, todo mundo, toda a gente, malta, equipe, meus amigos
    """,
    short_everyone="",
    you_all="""
        todos vocês, todas vocês, vocês todos, vocês todas, cada um de vocês, cada uma de vocês, vocês três, os
        três, as três, a todos, vós todos, quem de vocês, qual de vocês
    """,
    you_two="vocês dois, vocês duas",
    the_two="ambos, os dois, as duas, ambas",
    others="""
        os outros, as outras, os demais, as demais, todos os outros, os outros dois, aos outros, o resto de
        vocês
    """,
    one_of_you="qualquer um, um de vocês, uma de vocês, alguém, algum de vocês",
    feedback="""
        diga nossa útil surpreendente louco terrível horrível maravilhoso mentira mente triste caramba poxa
        soube bonito lindo explicas repete significa entender esclarece por porque porquê quê que como quem onde
        quando qual sério seriamente verdade obrigado obrigada valeu legal bacana giro ótimo excelente
        interessante engraçado estranho incrível impossível bobagem besteira falso exato exatamente correto
        certo certeza claro seguro segura dizer explica explique explicar continua continue mais outra vez
        repita repetir desculpa desculpe perdão oh ah hmm haha kkk rsrs ok sim não talvez absolutamente bem mal
        pena entendi entendo entende compreendo acredito acho achas acha duvido sei sabe sabes exemplo aconteceu
        acontece depois então conta pensa pensas perfeito lógico brincadeira brincando brincas razão concordo
        parece quis quer queres queria diz dizes disse disseste tens tem mesmo puxa uau sentido fala prossegue
        prossiga tá simpático aí seguida
    """,
    fillers="""
        isso isto esse essa este é era foi ser está você tu te ti eu me mim meu ele ela nós um uma o a os as de
        do da que à ao para pra por com em no na tão assim mas e ou se já não muito bastante pouco algo tudo
        nada só também aqui agora há pode podes poderia vai vais como coisa ideia tenho faço nenhuma fazer faz
        favor último mesmo tem nisso disso sobre novo gentil sua estás és
    """,
    second_verb=r"\w{2,}(aste|este|iste|arias|erias|irias|arás|erás|irás|avas)",
    plural_verb="contem-me|digam|digam-me|escutem|olhem|venham|contem",
    asks_named=r"""
        ^(e |mas |ou |então |bom )*(e quanto a|que tal|quanto a|quanto ao) (o |a )?X$
        ^((e|ou|mas) )?(o |a )?X$
        \b(o )?(que|quê) (é que )?(o |a )?X (pensa|acha|diz|diria|faria|sugere|recomenda|prefere)\b
        \b(o )?que (pensa|acha|diz|diria|faria) (o |a )?X\b
        \bdeix(a|e) (o |a )?X (responder|falar|terminar|dizer|explicar)\b
        \ba opinião (de|do|da) X\b
        \b(é a vez (de|do|da)|vez (de|do|da)|quero ouvir (o|a)?|estou falando com (o|a)?|pergunto (a|ao|à)|
            perguntei (a|ao|à)|falo com (o|a)?|me refiro (a|ao|à)|refiro-me (a|ao|à)) ?X\b
        ^(só|somente|apenas) (o |a )?X$
    """,
    asks_all=r"""
        \bE (deve|devem|pode|podem) (responder|falar|dizer)\b
        \b(o )?que E (pensam|acham|dizem|acha|pensa|querem|quer|preferem)\b
        \b(o )?que (pensam|acham|dizem|acha) E\b
        \bE (estão|está|estáis) (pronto|prontos|aqui|bem|de acordo)\b
        ^como (estão|vão|está|vai) E\b
        \bquero que E\b
        \b(pergunto a|perguntei a|falo com|falava com|me refiro a) E$
    """,
    discussion=r"""
        \b(discutam|discutam isso|conversem|debatam|falem|batam papo|troquem ideias)( (isso|disso|sobre isso|nisso|
            isto|sobre isto))?( (entre|vocês|os|as|todos|juntos|X|com)|$)
        \b(deixa|deixe|que|quero que) (o |a )?X e (o |a )?X (discutam|conversem|debatam|falem|discutir|conversar)\b
        \bX e (o |a )?X (discutam|conversem|debatam|falem)\b
    """,
)
