"""English."""

from typing import Final

from tertulia_llm.text.addressing.lexicon import lexicon

ENGLISH: Final = lexicon(
    openers="""
        hey, hi, hello, hiya, yo, oh, ah, um, uh, er, hmm, well, so, now, then, okay, ok, alright, all right,
        right, yes, yeah, yep, no, nope, please, thanks, thank you, thanks a lot, thank you so much, thank you
        very much, many thanks, sorry, excuse me, pardon, good morning, good evening, good afternoon, good
        night, goodnight, good day, morning, welcome, welcome back, goodbye, bye, bye bye, see you, see you
        later, listen, look, wait, wait a minute, hold on, come on, and, but, or, also, too, dear, my dear, my
        friend, dude, buddy, greetings, good to see you, nice to meet you, how are you, how are you doing, good
        job, well done, bravo, great, nice, cool, wow, ha, haha, lol, exactly, true, really, seriously,
        actually, anyway, by the way, tell me, say, for you, your turn, go on, go ahead, sure, of course, fine,
        indeed, damn, god, what about, how about, next, first, again, you, you there, over to you, and you, what
        about you, how about you, good, great job, happy birthday, cheers, ok so, listen up, question for, a
        question for, this one is for, this is for, one for, to, in your opinion, in your view, according to
        you, if you ask me, everything alright, everything all right, everything okay, everything ok, everything
        fine, with you, between us, be honest, honestly, quick question, tell us, do tell
    """,
    remarks="""
        okay, ok, alright, yes, yeah, thanks, thank you, thanks a lot, thank you so much, thank you very much,
        many thanks, sorry, good job, well done, bravo, great, nice, cool, wow, haha, exactly, true, sure, of
        course, fine, good, great job, cheers, oh, ah
    """,
    conjunctions="and or plus nor",
    first="i we",
    second="you your yours yourself ya u ur",
    plural="yourselves yall",
    questions="what why how where who whom whose when which whats wheres hows whos",
    auxiliaries="""
        can could would will should shall do does did are were is was have has had may might must am be been
        need don doesn didn isn aren wasn won wouldn couldn
    """,
    verbs="""
        tell say stop come look listen give show help explain sing play read go wait shut let let's guess
        describe answer ask start continue keep take make try get put remember imagine consider pick choose
        write translate spell count repeat summarize teach wake calm relax sit stand turn open close bring hold
        leave forgive forget think speak talk hush quit please dont
    """,
    imperatives="""
        set pass turn compare roll finish recommend suggest check fix send save add clear solve sort share
        switch choose introduce define quote recite cite name list draw paint order book buy sell build drop
        throw catch grab press push pull move climb jump run walk swim dance hurry return enter follow lead join
        watch test try prove reveal admit confess apologize compliment congratulate convince persuade defend
        attack fight relax breathe focus concentrate cook bake mix pour drink eat taste wash clean cut slice
        measure calculate compute multiply divide subtract estimate predict review correct edit rewrite rephrase
        paraphrase simplify shorten expand clarify elaborate analyze analyse evaluate interview quiz challenge
        surprise entertain amuse cheer welcome greet thank act behave pretend perform print report reply respond
        react search shout whisper hum clap smile laugh cry sleep rest wear whistle be do have view visit vote
        remind warn inform notify update schedule cancel confirm accept refuse reject lend borrow bet bring care
        carry count cover create debate design discuss end exit explore fetch fill form hang hide invent
        investigate kick kill kiss learn light load lock unlock look meet mention miss note offer pack pause pay
        pick plan pray prepare promise protect quit raise recall reconsider reset restart resume ride settle
        sign skip step stick swear sweep swap toss touch trade trust unplug
    """,
    before="""
        a an the of about to with for from than like by at on in into over under after before without against
        between my your his her its our their this some any no every each is was were are am be been being as
        called named love loves loved likes liked hate hates hated see sees saw seen know knows knew known ask
        asks asked asking tell tells told telling meet meets met call calls hear hears heard find found want
        wants wanted need needs needed trust trusts trusted believe believed miss missed missing remember
        remembered invite invited teach taught tease teasing kiss kissed hug hugged visit visited watch watched
        follow followed help helped helping let lets make makes made give gives gave said says say mean means
        meant when if that because while does did do has have had can could would will should may might must
        whether why how where what who which not or nor poor little old and seeing thinking meaning interrupt
        interrupting ignore ignoring bother bothering insult insulting annoy annoying mention mentioned
        love-hate wake thank
    """,
    determiners="a an the my your his her its our their this that some any no every each another",
    ends="""
        you yours yourself me us him them it this that there here now today tonight tomorrow yesterday please
        too again soon really then though later well okay ok fine up down back away out off home yet ever so
        much right enough everything anything something nothing one more tired hungry bored happy sad late early
        good bad great sorry ready sure wrong true correct thanks morning evening night day
    """,
    intransitive="""
        think agree mind sleep cook sing dance swim work care exist laugh cry live lie joke wait listen
        understand see know mean say feel doing going thinking saying feeling talking joking kidding laughing
        crying working sleeping listening lying coming leaving staying suggest recommend reckon prefer want like
    """,
    except_before="""
        except, except for, but, but not, without, other than, apart from, besides, aside from, excluding, save
        for, not, anyone but, anybody but, everyone but, everybody but, all but, all of you but, someone other
        than, instead of, not for, not to, not asking, not talking to, wasn't asking, wasn't talking to, didn't
        ask, don't ask, rather than, not you, leave out, minus, barring
    """,
    not_you="""
        not you, but not you, you not, not for you, not to you, i don't mean you, i didn't mean you, i did not
        mean you, i wasn't asking you, i wasn't talking to you, i'm not asking you, i'm not talking to you, i am
        not talking to you, i am not asking you, i didn't ask you, i did not ask you, you stay out of this, you
        stay out of it, not your turn, it's not your turn, don't you answer, you be quiet, you stay quiet
    """,
    everyone="""
        everyone, everybody, guys, folks, people, friends, team, gang, ladies and gentlemen, my friends, boys,
        girls
    """,
    short_everyone="all, crew, ladies, gentlemen",
    you_all="""
        you all, all of you, each of you, each one of you, every one of you, you guys, you lot, you folks, you
        people, you three, you four, the three of you, the four of you, the lot of you, y'all, yall, any of you,
        all three of you, none of you, you everyone, which of you, who of you
    """,
    you_two="both of you, you both, you two, the two of you, the pair of you, either of you",
    the_two="both",
    others="""
        the others, the other two, the rest of you, all the others, everyone else, everybody else, you others,
        the remaining two, the other ones
    """,
    one_of_you="one of you, someone, somebody, anyone, anybody",
    feedback="""
        whoa gosh wrong helpful useful disagree surprising convincing doubtful liar lying crazy terrible
        horrible awful gross brilliant genius hear heard honest same why how what who whom whose which where
        when really seriously honestly thanks thank cool nice wow great interesting funny hilarious amazing
        awesome incredible impossible unbelievable nonsense rubbish ridiculous true false right exactly agreed
        agree sure certain serious mean meant meaning explain elaborate continue more again repeat pardon sorry
        oh ah hm hmm haha lol ok okay alright yes yeah yep no nope maybe perhaps indeed absolutely definitely
        good bad sad sweet lovely beautiful strange weird odd curious fascinating understand understood believe
        doubt know example instance happened happens next else come kidding joking think say said then go on
        clever smart fair makes sense point please got it's correct bravo perfect excellent fun too neither way
        and so hardly rude mean's kind told tell going carry
    """,
    fillers="""
        give repeat a an the this that these those it its is was are were be been do does did don doesn t s re m
        ve ll d to of for about in with by at as and but or if so then i me my you your yours yourself he she
        they we us all just very much quite bit little lot too well not any some one thing things part way would
        could can will should have has had there here let now still ever even up out off over like what how from
        mind please idea because reason point last first same else after before really keep
    """,
    asks_named=r"""
        \bi (d like|would like|want) X to (answer|speak|talk|say|reply|go first|start|begin|explain|tell)\b
        ^(and |but |or |so |now |ok |okay |then )*(what|how) about X( then| now)?$
        ^(and|or|but) X$
        \bwhat (does|would|do|will) X( and X)? (think|say|suggest|recommend|believe|feel|prefer|want|make of|like|
            reckon|do)\b
        \bhow (does|would|do) X( and X)? (see|feel|like|answer|respond)\b
        \b(does|would|do) X( and X)? (agree|think|have an opinion|want to (add|say|answer))\b
        \blet X (answer|speak|talk|say|go|finish|try|reply|respond|explain)\b
        \b(hear|like to hear|hear it|answer|opinion|thoughts|take) (from|of|by) X\b
        \b(talking|speaking|was asking|am asking|m asking|question is|this is|that was) (to |for )?X$
        \bi (meant?|asked|ask) X$
        \bX (s )?(turn|opinion|take|view|thoughts)$
        \bX (should|can|may|must|has to) (answer|go first|begin|start|speak|reply|tell)\b
        ^(only|just) X$
    """,
    asks_all=r"""
        \bwhat (does|do|would) E (here )?(think|say|suggest|want|prefer|feel|like|make of)\b
        ^(so |and |hey |hi |hello )*(how|where) (is|are|s) E( doing| feeling)?( today| tonight| now)?$
        ^(so |and |ok |okay |now )*(is|are) E (ready|ok|okay|here|fine|well|awake|alright|all right|there|
            comfortable|happy)\b
        ^(so |and |ok |okay |now )*(does|do|can|could|will|would) E (please )?(agree|hear me|understand|know|want|
            like|introduce|tell|say)\b
        \b(hear|opinion|thoughts) (from|of) E$
        \bi (want|would like|d like) E to\b
        \blet E (answer|speak|say)\b
        \bE (s )?(opinion|turn|thoughts|view)$
        ^E (please|should|must|has to|gets to|may|can) (answer|say|tell|introduce|speak)\b
        \b(ask|asked|asking|talking to|speaking to|meant?|question is for|turn of|it s) E$
    """,
    discussion=r"""
        \b(talk|chat|speak|discuss|debate|argue|converse)( about (it|this|that)| (it|this|
            that))?( further| more)? (among|amongst|between|with) (yourselves|each other|one another|the others?|X|
            you)
        \b(discuss|debate)( (it|this|that|the (matter|topic|question)))? (together|among|amongst|between)\b
        ^(please |now |so |ok |okay |X |and )*(discuss|debate)( (it|this|that))?( now| further| please)?( (you two|
            you all|you three|all of you|both of you|you guys|E|guys|folks))+( X| and X)*$
        ^((you two|you all|you three|all of you|both of you|you guys|E|X|and|please) )+(discuss|debate|talk about|
            argue about|sort|work|fight)( (it|this|that|out))+( among yourselves| between yourselves| please)?$
        ^(please |now )?(let|i want|i d like|have) (X|E)( and X)* (to )?(discuss|debate|argue|talk|chat)\b
        \b(you two|you three|all of you|you guys|X and X) (should|can|could) (discuss|debate|talk)\b
        \b(have|hold|start) a (discussion|debate|conversation|chat|talk) (among|amongst|between|with) (yourselves|
            each other|one another|the others?|X)
        ^(talk|chat|go on|carry on|continue) (among|amongst|between|without)\b( me)?
    """,
)
