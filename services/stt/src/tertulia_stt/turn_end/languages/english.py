"""English."""

from __future__ import annotations

from tertulia_stt.turn_end.grammar import Grammar, phrases, words

GRAMMAR = Grammar(
    code="en",
    never_last=words(
        "a an the and or but nor because if unless although though whereas whether than as of from with into onto upon "
        "at by during between among toward towards against without within via per despite until since while "
        "my your our their its every each's i'm you're we're they're i've you've we've they've i'd you'd he'd "
        "she'd we'd they'd i'll you'll he'll she'll we'll they'll it'll there's where's who's what's how's it's that's he's she's here's let's gonna "
        "wanna gotta very quite mr mrs ms dr whose which who's except including besides plus versus"
    ),
    rarely_last=words(
        "to for in on about that this these those so his her some any no such another other own like under over after "
        "before behind beside near around through across along off out up down when where what how who why really just "
        "maybe perhaps actually then also even only more most less too not don't kind sort "
        "many much few several both either neither all one once again always never usually still already like"
    )
    - words(
        "again one out up down off too all much really then this that so once no maybe her already once still these "
        "those some actually only around more less under over after before how why what who where"
    ),
    stranded=words("of from with into at by on as than against without between"),
    copulas=words(
        "is are was were am be been being isn't aren't wasn't weren't has have had hasn't haven't hadn't becomes seems"
    ),
    modals=words(
        "do does did don't doesn't didn't can could can't couldn't will would won't wouldn't shall should shouldn't may "
        "might must mustn't cannot"
    ),
    subjects=words("i we they he she"),
    both_cases=words("you it that this there"),
    subordinators=words(
        "if when whenever although though while unless because whereas"
    ),
    questions=words("what where who whom whose why how which when"),
    inverts=True,
    question_needs_auxiliary=True,
    fillers=words("um uh er erm uhm hmm hm mm ah eh umm uhh"),
    openers=phrases(
        "i want / i want to / i'd like / i would like / i would like to / i'd like to / i need / i need to / i have to "
        "/ i was wondering / i wonder / i wanted / i wanted to / i was thinking / i was going / can you tell me / could "
        "you tell me / can you / could you / would you / will you / do you know / do you think / did you know that "
        "/ the thing is / the problem is / the point is / what i mean is / what i mean / what i wanted to say / i mean "
        "/ you know / i guess / i think / i feel / i feel like / i believe / i suppose / i hope / i thought / i was "
        "/ i am / i have / i had / i just / i really / i also / i actually / i remember / it's like / it is / there is "
        "/ there are / there was / there were / let me / let's / tell me / give me / show me / tell us / give us "
        "/ well / please tell me / please / could you please / can you please / would you please / i was just / if i / if you "
        "/ what if / how about / what about / speaking of / the first / the other / for example / for instance "
        "/ first of all / on the other hand / by the way / in my opinion / anyway / also / actually / basically "
        "/ yesterday / so yesterday / last night / one day / once upon a time / when i / when you / are you / is it "
        "/ is there / are there / have you / have you ever / did you / do you / does it / i said / he said / she said "
        "/ they said / my name is / my number is / it depends on / maybe / perhaps / i'm / i don't / i can't / i never "
        "/ have a / would you mind / is it possible / it would be / i've been / i've got / my friend / my question is"
    ),
    tails=phrases(
        "want to / wants to / wanted to / like to / need to / needs to / have to / has to / had to / going to / trying "
        "to / supposed to / used to / able to / about to / ought to / try to / how to / where to / in order to / such "
        "as / as well as / as soon as / so that / even if / even though / in case / because of / instead of / a lot of "
        "/ lots of / kind of / sort of / a bit of / a couple of / one of / some of / most of / all of / out of / half "
        "past / quarter past / quarter to / half of / at least / at most / more than / less than / rather than / the "
        "same / the other / the first / the next / the last / the most / the best / the only / i think / i guess / i "
        "mean / you know / i believe / two things / three things / four things / the following / a few / a little "
        "bit of / next to / close to / according to / thanks to / due to / tell me / give me / show me / bring me / "
        "let me / help me to / send me / read me / teach me / i was / you were / it was / think that / said that / know that / me about / me why / me "
        "how / me what / me where / me when / to my / so i / and then / but then / a very / a really / is very / is "
        "really / is so / was so / are so / is not / is like / do you / did you / can you / could you / if you / when "
        "you / because you / that you / because it / if it / when it / because they / i just / i really / isn't just "
        "/ and so / or maybe / want a / such a / quite a / in the middle of / would like / i'd like / in this / at this "
        "/ of this / in that / of that / with this / with that / and that / but that / to this / to that / how many "
        "/ what kind / which of / who the / and also / and even / and just / is that / believe that / feel that / hope that / sure that / mean that / me that / the fact that / guess that / you that / heard that / see that / not only / the new / the old / the big / a new / a big / an old / my new / my old / a good / a great / what are you / why are you / when are you / why is it / what were you / what have you / where have you / why was it / how is it / on the one hand / as if / as though / as long as / as far as / no matter / other than / apart from / up to / in front of / on top of / at the end of / the name of / the end of / part of the"
    )
    - phrases("the same / the other / the first / the next / the last / the best / the most / you know"),
    complete=phrases(
        "yes / no / yeah / yep / nope / okay / ok / sure / of course / absolutely / exactly / right / correct / thanks "
        "/ thank you / thank you very much / thanks a lot / thank you so much / great / fine / cool / nice / perfect "
        "/ awesome / never mind / not really / i don't know / i don't think so / i think so / i guess so / me too / me "
        "neither / good night / goodbye / bye / see you / see you later / see you tomorrow / stop / wait / stop it / go "
        "on / go ahead / what / why / how / who / when / where / really / why not / how come / and you / what about you "
        "/ how about you / what else / and then / then what / so what / what happened / what's up / what's that / what's "
        "this / who's that / how are you doing / how's it going / that's all / that's it / that's right / that's true / "
        "that's great / that's nice / that's wrong / that's funny / i agree / i disagree / i see / i understand / i love "
        "you / i'm fine / i'm good / i'm tired / i'm hungry / it's raining / it's late / no thanks / no thank you / yes "
        "please / you're welcome / not at all / no problem / good idea / good question / good luck / well done / excuse "
        "me / i'm sorry / sorry / be quiet / shut up / come on / come here / help me / help / again / one more time / "
        "nothing / everything / both / all of them / none of them / not yet / of course not / yes i do / no i don't / yes "
        "i am / no i'm not / yes it is / no it isn't / yes i can / no i can't / i do / i did / i am too / maybe later / "
        "happy birthday / merry christmas / what do you mean / let's go / don't worry / it doesn't matter / got it / "
        "all right / alright / forget it / leave it / do it / do that / it depends"
    ),
    greetings=phrases(
        "hello / hi / good morning / good evening / good afternoon / hello there / hi there / hello everyone / hello everybody / hi everyone / hi everybody / hi guys / hello all / okay / ok / alright / welcome"
    ),
    calls=words("hey listen yo oy oi dear so and or well oh"),
    tags=phrases(
        "please / isn't it / aren't they / aren't you / don't you / doesn't it / right / don't you think / wasn't it / "
        "can you / could you / will you / won't you / didn't you / haven't you / thanks / thank you / okay / or not / yet "
        "/ too / either / as well / anymore / instead / at all / again / now / today / tomorrow"
    )
    - phrases("can you / could you / will you / either / instead / again / now / today / tomorrow / yet"),
    imperatives=words(
        "tell sing play read write explain describe show give stop start turn open close repeat say speak talk let make "
        "find count translate recommend suggest help ask answer remind call put bring take come go don't spell name "
        "imagine pretend guess wait keep finish continue look listen try"
    ),
    transitives=words(
        "want need like love hate prefer enjoy bought made took brought gave told found got have had saw met use used "
        "visited mentioned called lost see seen find hear heard give send show tell wanted needed liked loved mean meant get make take bring buy"
    ),
    negations=words(
        "not really always never just also still don't didn't doesn't can't do did would will should could can have "
        "already only even"
    ),
    tens=words("twenty thirty forty fifty sixty seventy eighty ninety"),
    points=words("point"),
    digits=words("zero oh one two three four five six seven eight nine double triple"),
    phone_words=phrases("phone / telephone / my number / phone number / number is / dial / call me at / call me on / mobile"),
    firsts=words("first firstly"),
    nexts=words("second secondly third thirdly next then finally"),
    lead=words(
        "and but so well oh okay ok yeah yes no now then or also actually anyway please sorry ah um uh hmm right look"
    ),
    common=words("the you is it of that was are what have me do don't i to a and my in for can about not want no they he she we this him them there here good"),
)
