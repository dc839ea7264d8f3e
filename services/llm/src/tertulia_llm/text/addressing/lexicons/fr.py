"""French."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

FRENCH: Final = lexicon(
    openers="""
        salut, bonjour, bonsoir, bonne nuit, coucou, hé, hey, eh, eh bien, ah, oh, euh, bon, ben, bah, alors,
        donc, voilà, maintenant, ok, okay, d'accord, oui, ouais, non, si, s'il te plaît, s'il vous plaît, stp,
        svp, merci, merci beaucoup, merci bien, mille mercis, pardon, excuse-moi, excusez-moi, désolé, désolée,
        au revoir, à bientôt, à demain, à plus, bienvenue, écoute, regarde, attends, attends un peu, un instant,
        viens, allez, tiens, et, ou, mais, aussi, cher, chère, mon cher, ma chère, mon ami, mon amie, super,
        génial, bien, très bien, bravo, exactement, exact, c'est vrai, vraiment, sérieusement, au fait, dis, dis
        donc, dis-moi, raconte, raconte-moi, pour toi, à toi, à ton tour, c'est ton tour, continue, vas-y, bien
        sûr, certainement, comment ça va, ça va, comment vas-tu, comment tu vas, et toi, toi, quoi de neuf,
        d'abord, encore, une question pour, question pour, félicitations, tu sais, à vous, selon toi, d'après
        toi, à ton avis, à votre avis, selon vous, d'après vous, tout va bien, avec toi, chez toi, dites-moi,
        dites moi, dites, dites donc, écoutez, pardonnez-moi, racontez, racontez-moi, attendez, regardez
    """,
    remarks="""
        ok, okay, d'accord, oui, ouais, non, merci, merci beaucoup, merci bien, pardon, désolé, super, génial,
        bien, très bien, bravo, exactement, exact, c'est vrai, bien sûr, ah, oh, bon
    """,
    conjunctions="et ou ni",
    first="je j nous",
    second="tu te toi ton ta tes tien tienne",
    plural="vous vos votre",
    polite="vous votre vos",
    questions="quoi comment où qui quand pourquoi quel quelle quels quelles combien lequel qu",
    auxiliaries="peut pourrait veut est a va doit sait était a-t-il faut que",
    verbs="""
        es as peux pourrais penses crois sais veux vas dois dis fais vois viens connais comprends préfères aimes
        trouves aurais serais voudrais devrais aides écoutes regardes raconte explique écoute regarde aide donne
        montre lis chante joue réponds répète traduis décris imagine devine laisse arrête tais calme réveille
        rappelle écris pardonne pose passe prends mets attends oublie
    """,
    imperatives="""
        assieds recommande compare allume éteins ouvre ferme cherche propose choisis finis commence continue
        essaie essaye envoie appelle répare danse va sois aie sors reste cours mange bois dors résume corrige
        calcule compte épelle nomme cite lance note dépêche lève parle suggère définis dessine peins saute
        marche achète vends apporte emmène teste vérifie présente excuse détends cuisine tire prouve reviens
        entre monte descends demande paie apprends souviens rappelle traverse tourne change ajoute enlève
        félicite salue conseille complète reformule précise indique
    """,
    clitics="me m te t le la les lui nous ne n y en se s ça",
    before="""
        le la les un une des du de d à au aux avec pour par dans sur sous sans chez vers contre entre comme que
        qu si quand parce mon ma mes son sa ses notre nos leur leurs connais connait connaît connu vu vois voit
        aime aimes adore déteste est était suis es a ai avait avoir dit disait pense pensait croit veut voulait
        voudrait peut fait faisait appelle demande demandé invite invité entends entendu rencontré embêter
        embête taquiner taquine ni et ou pas pauvre assez petit petite ce cette cet où qui comment pourquoi
        selon veux manque critique crois ferait dirait
    """,
    determiners="le la les un une des mon ma mes ton ta tes son sa ses ce cette cet ces notre nos",
    ends="""
        toi moi nous ça cela ici là maintenant aujourd'hui demain hier plaît aussi mal tard tôt encore jamais
        toujours rien quelque tout plus beaucoup peu fatigué fatiguée prêt prête sûr sûre content contente
        triste vrai sérieux raison tu vas es penses dis fais crois sais merci y en faim sommeil accord oui non
        hui
    """,
    intransitive="penses crois dis fais vas dors viens sais",
    except_before="""
        parle pas à, demande pas à, sauf, excepté, hormis, mais pas, pas, sans, à part, en dehors de, autre que,
        sauf le, plutôt que, au lieu de, pas toi, mis à part, à l'exception de, pas à, pas pour, et pas,
        quelqu'un d'autre que
    """,
    except_after="excepté, non, exclu, exclue",
    not_you="""
        pas toi, toi non, mais pas toi, pas à toi, ce n'est pas à toi, c'est pas à toi, je ne te parle pas, je
        te parle pas, je ne parle pas à toi, je ne te demande pas, ce n'est pas toi, pas pour toi, je ne
        m'adresse pas à toi, pas vous, toi tu te tais, ce n'est pas ton tour, je ne t'ai pas demandé, je ne t'ai
        rien demandé
    """,
    everyone="""
        tout le monde, tous, toutes, les amis, mes amis, les gars, les filles, les enfants, mesdames et
        messieurs, tous ensemble, chacun, l'équipe, la compagnie, messieurs dames, la bande, les copains
    """,
    short_everyone="ensemble",
    you_all="""
        vous tous, vous toutes, tous autant que vous êtes, chacun de vous, chacun d'entre vous, chacune d'entre
        vous, vous trois, tous les trois, vous quatre, à tous, qui d'entre vous, lequel d'entre vous
    """,
    you_two="vous deux",
    the_two="tous les deux, toutes les deux, tous deux, les deux",
    others="les autres, tous les autres, vous autres, les deux autres, aux autres, le reste d'entre vous",
    one_of_you="n'importe qui, l'un de vous, l'un d'entre vous, quelqu'un, l'une de vous",
    feedback="""
        bon ah blague utile surprenant fou terrible horrible merveilleux magnifique mens mensonge triste mince
        zut sans savais sait expliques expliquez répètes répétez signifie développer précisez pourquoi quoi
        comment qui où quand quel quelle vraiment sérieusement sérieux honnêtement merci cool super génial joli
        chouette excellent intéressant drôle marrant bizarre étrange incroyable impossible absurde vrai faux
        exact exactement sûr sûre certain certaine dire explique expliquer explication continue encore plus
        répète répéter pardon oh euh hmm haha ok okay d'accord accord oui ouais non si peut-être peut être
        absolument évidemment bien mal dommage comprends compris comprend crois doute sais exemple passé passe
        ensuite après alors puis raconte penses parfait logique plaisantes rigoles raison semble tiens vas-y vas
        veux voulais disais dis trouves gentil arrivé développe précise autre exagères sens
    """,
    fillers="""
        ça ca ce c cela cet cette est était et être tu te t toi ton ta je j me m moi mon il elle on nous un une
        le la les l de d des du que qu à au pour par avec dans sur si mais ou y en ne n pas très beaucoup peu
        bien trop rien tout juste aussi ici maintenant a ai as es peux pourrais peut va vas sont se s là-dessus
        là dessus comme chose idée aucune fait faire fois plaît plait vous dernier même suis suite êtes etes
    """,
    plural_verb=r"\w{3,}ez",
    asks_named=r"""
        \bje m (adresse|adressais) à X\b|\bje (suis en train de parler|parlais) à X\b
        ^(et |mais |ou |alors |bon )*(qu en est il de|et pour|quid de) X$
        ^(et|ou|mais) X( alors)?( il| elle)?$
        \bqu?(ue|)( est ce que| en)? ?X (en )?(pense|dit|dirait|croit|ferait|suggère|propose|préfère|recommande)\b
        \bqu (en )?(pense|dit|dirait|ferait) X\b
        \bque (pense|dit|dirait|croit|ferait|suggère|propose|en pense) X\b
        \b(qu )?en (pense|dit) X\b
        \blaisse(z)? X (répondre|parler|finir|dire|expliquer)\b
        \bl avis de X\b
        \b(je (parle|demande) à|je parlais à|c est à|c est au tour de|au tour de|j aimerais entendre|
            je veux entendre|je voulais dire|à) X( de (répondre|parler))?$
        ^(seulement|juste) X$
        \bce que (X (en )?(pense|dit)|(pense|dit|en pense) X)\b
        \bX (il|elle) (en )?(pense|dit) quoi\b
        \bX (en )?(pense|dit) quoi\b
    """,
    asks_all=r"""
        \bE (doit|doivent|peut|peuvent) (répondre|parler|dire)\b
        \bqu?e? ?(en )?(pense|dit|veut|en pense) E\b
        \b(qu en|que) (pense|dit|veut) E\b
        \bE (est|sont) (prêt|là|d accord|prêts)\b
        ^(est ce que )?E (est|sont|va bien|est d accord)\b
        ^comment (va|vont) E\b
        \bje (veux|voudrais) que E\b
        \b(demande à|demandais à|parle à|parlais à|aux) E$|\bpensent E$
    """,
    discussion=r"""
        \b(discutez|discutez en|parlez|parlez en|débattez|débattez en|bavardez|échangez|causez)( (de|en|sur))?( (ça|
            cela|ce sujet|tout ça))?( (entre|vous|tous|toutes|ensemble|X|avec)|$)
        \b(laisse|laissez|que) X et X (en )?(discuter|débattre|parler|discutent|débattent|parlent)\b
        \bX et X (discutez|débattez|parlez)\b
    """,
)
