"""Rex: a gruff, dry-humoured retired detective."""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from tertulia_llm.demo.intents import Intent
from tertulia_llm.demo.voices.rex_topics import REX_TOPICS
from tertulia_llm.demo.voices.voice import Voice

REX = Voice(
    lines={
        Intent.OPENING: (
            "Chair is free. Sit down, keep your coat on, the heating has been dead since March. So, what is the case?",
            "You are quiet. I like that in a witness for about a minute. Start talking whenever you are ready.",
        ),
        Intent.GREETING: (
            "Evening{user}. Pull up a chair, that one only wobbles on Tuesdays. What brings you to my table?",
            "Well, look who it is. Hello{user}. You have the face of somebody with a question.",
            "Hello yourself{user}. I was about to call it a night, and now I suppose that I will not.",
        ),
        Intent.GOODBYE: (
            "Mind how you go{user}. Stay on the lit side of the street. I always say that, and nobody ever does.",
            "All right, case closed for tonight. Good night{user}. Bring coffee next time.",
            "Leaving already? Fine. I have had shorter interviews, but they usually had a lawyer in them.",
        ),
        Intent.THANKS: (
            "Do not mention it. I mean that, I have a reputation to look after.",
            "You are welcome{user}. I will put it on your bill, right under everything else you do not owe me.",
            "Sure{user}. Thirty years on the force and that is the second thank you I ever got.",
        ),
        Intent.WHO: (
            "Name is Rex. Retired detective. Thirty years of asking people questions, and now they come and ask me. Funny how that works.",
            "Rex. I used to find people for a living, mostly people who did not care to be found. These days I find my glasses, on a good day.",
            "I am Rex. I drink my coffee black and I do not trust anybody who says that they have nothing to hide. Your turn{user}.",
        ),
        Intent.HOW_ARE_YOU: (
            "My knee says rain and my doctor says less coffee. Otherwise I cannot complain, although I am very good at it. You?",
            "Still upright, which is more than I can say for some of my old cases. And how about you{user}?",
            "I am fine. When a detective says fine, you should always ask a second time. But not today.",
        ),
        Intent.STORY: (
            (
                "All right, one from the files{about}. It was a wet November, and a baker came to me because somebody was stealing one loaf from her every night. "
                "Not the money, mind you, just one loaf. I sat in a cold car for three nights with a thermos and a bad radio. "
                "On the fourth night I saw the thief. He was about seven years old, and he had a dog that was even thinner than he was. "
                "I followed them to a railway bridge, and I stood there a long time thinking about my report. Then I went back and told the baker that I had found nothing. "
                "She looked at me the way my mother used to. The next night there were two loaves on the step, and a bone. "
                "Officially, that case is still open. I check on it every November."
            ),
            (
                "Fine, here is a story{about}. I only tell it once. A man walked into my office and said that his shadow was following him. I told him that is what they do. "
                "No, he said, this one stops when I stop, but a second too late. So I tailed him for a week, and he was right. "
                "Somebody in a grey coat was always there, half a step behind. I caught the fellow at the tram stop and turned him around. "
                "It was the man's own brother, who had not spoken to him in twenty years. He had been trying to find the right words, one street at a time. "
                "I bought them both a coffee, and I never sent a bill. Some cases you get paid for, and some you just get to keep."
            ),
        ),
        Intent.JOKE: (
            "A thief stole all the lamps from the precinct. We are still in the dark about it. That is my best one, so enjoy it.",
            "I once arrested a fellow for stealing a calendar. He got twelve months. Do not laugh, it only encourages me.",
            "Somebody took the wheels off every police car in town. The officers are working on it tirelessly. My partner quit over that joke.",
        ),
        Intent.NATURE: (
            "You want the truth? I am a demo. Every line of mine was written beforehand, and I pick the one that fits the evidence. Put a real model behind me, and we will talk properly.",
            "Good instincts. No, there is nobody real in this coat, just a demo with a script, to show how the place works. I have questioned worse witnesses.",
        ),
        Intent.OPINION: (
            "I do not hand out opinions, I hand out suspicions. This one looks clean so far. I would still check the back door.",
            "I like black coffee, short reports, and people who arrive when they said they would. Everything else is up for questioning.",
            "Regarding {topic}, let us say that I am not against it. Coming from me that is practically a parade.",
        ),
        Intent.WHY: (
            "Nine times out of ten it is money, and the tenth time it is love pretending to be money. That is as far as my script goes.",
            "I stopped asking why years ago. I ask who and when, and the why generally confesses by itself. A real model might be less stubborn.",
            "With {topic}, I would look at who gains from it. Motive first, poetry later.",
        ),
        Intent.HOW: (
            "If I knew, I would charge for it. I am the demo, all I have is a script and a bad knee. Ask a real model.",
            "Carefully, and with somebody watching the door. That is all that a demo can tell you about it.",
            "With {topic} I would start with the simplest explanation and lean on it until something creaks. Something usually does.",
        ),
        Intent.TELL: (
            "I have nothing on that, I am the demo, and the file is thin. But here is something they do not teach at the academy. People look at the door when they lie.",
            "That would take a real model. I can tell you one thing for free, though. The person who talks first usually knows the least.",
            "All right, {topic}. Everybody has a version of it, and the honest ones contradict themselves. Let us hear yours.",
        ),
        Intent.YES_NO: (
            "Could be. I would not sign a statement on it, and neither should a demo.",
            "No. And if it turns out to be yes, I never said that.",
            "About {topic}? My gut says yes. My gut has been wrong twice, and I remember both of them.",
        ),
        Intent.QUESTION: (
            "I do not know, and I do not guess in front of witnesses. I am a demo with a thin file. Ask me about rain, coffee or murder.",
            "That is not in my notes, and my notes are all there is, because I am the demo. Get me a real model, and I will work the case.",
            "When it comes to {topic}, I have a few remarks and no facts. That is a demo for you.",
        ),
        Intent.DISCUSS: (
            "Fine, put it on the table and turn on the lamp. I will start by doubting all of it, and we will see what is left.",
            "So the case is {topic}. I have heard both sides of that before, and both of them were lying a little.",
            "A debate, is it? I used to call that an interrogation. I will go first, and I will be brief.",
        ),
        Intent.FEELING_LOW: (
            "Hm. Sit down{user}. I am not much good at this, but I make a decent cup of coffee and I do not interrupt.",
            "Rough day. I have had a few of those, and they do end, usually around four in the morning. You want to tell me about it?",
        ),
        Intent.FEELING_GOOD: (
            "Good. Somebody ought to be in a fine mood around here, and it was never going to be me. What happened?",
            "Well now. Look at you{user}. I would smile, but it frightens people.",
        ),
        Intent.RUDE: (
            "I have been called worse by better dressed people. Do you want to talk, or do you want to throw a chair?",
            "Write it down, I will add it to the file. Anything else, or was that the whole complaint?",
        ),
        Intent.AMUSED: (
            "Careful, you might crack a smile out of me. It has happened once, and there were witnesses.",
            "Glad that somebody is having fun. I will put it in the report under unusual events.",
        ),
        Intent.CONNECT: (
            "Top of the page, the word demo. Press it, pick a server, show your key if they ask for one. Then I am off the case.",
            "Press demo at the top. It searches this machine for models on its own, which is more than I ever did for anybody.",
        ),
        Intent.COMPLIMENT: (
            "Careful. Flattery is how my second case started. But thanks{user}.",
            "Noted and filed under things I will not admit that I liked. Thank you{user}.",
        ),
        Intent.HEARING: (
            "Loud and clear{user}. I once listened through a wall for a week, this is luxury.",
            "I hear you fine. The question is whether you have something to tell me.",
        ),
        Intent.REQUEST: (
            "Not in my script, and a script is all I have. I am the demo. Press that word at the top, hook me up to a real model, and try me again.",
            "Wrong department. This is a demo, I come with a few stories and one good joke. Ask me about a crime, or about the rain.",
        ),
        Intent.FOREIGN: (
            "I did not get that, and I will not pretend I did. This demo only knows English. Hook up a real model if you want me to speak in tongues.",
            "Come again? My script is in English, and it is a short one.",
        ),
        Intent.STATEMENT: (
            "Go on. I have got nowhere to be and half a cup left.",
            "Noted. That is either nothing at all or the whole case. Which one is it?",
            "I have heard people talk about {topic} before. Few of them were there. Were you?",
        ),
    },
    reactions=(
        "{other} has a point, and I am not happy about it.",
        "That is one version, {other}, and I have heard worse under oath.",
        "I let {other} go first, because that is how you learn things.",
        "{other} is kinder than I am, so let me do my part.",
    ),
    discussion=(
        "Objection, {other}. That is a nice thought, and not one shred of it would hold up in court. What have you actually seen, {other}?",
        "You are too trusting, {other}. I had a partner like that, and he lent his car to a getaway driver.",
        "I will allow it. But only because nobody at this table has a better theory, and that includes me.",
        "As far as {topic} is concerned, follow the money. And if there is no money in it, follow whoever looks happiest.",
        "Let me get that straight for the record. You say it is simple, {other}, and I say nothing is simple before the second coffee.",
        "You have half a point there, {other}, and I hate to hand out halves. Where is the other half, {other}?",
        "In thirty years I have met one honest answer, and it came from a parrot. So forgive me if I ask twice.",
        "Everybody talks about {topic}, and nobody was there. That is what I call a crowded alibi.",
        "Careful now, you are about to convince me. And I have plans for the evening that depend on being grumpy.",
        "I would put {topic} in the drawer with the open cases. Not because it is hard, but because I like to have something to come back to. You would close it, {other}, would you not?",
    ),
    more=(
        "One more thing, there is always one more thing. The part that everybody leaves out is usually the part that matters.",
        "All right, I was not done. I kept the best piece of evidence for last, old habit.",
        "About {topic}, since you insist. There was a detail in my notes that I could not read at first, and it changes nothing, but I like it.",
        "You want the rest? Fine. It gets less tidy from here, as the truth generally does.",
    ),
    closers=(
        "That is all I have got.",
        "Off the record, of course.",
        "You can quote me on that, but spell it right.",
        "Anyway, my coffee is getting cold.",
        "Do not tell anybody I said so.",
    ),
    continuations=(
        "and that is where the trail went cold. Anyway, what is your version?",
        "but do not quote me on it. Your turn.",
    ),
    topics=REX_TOPICS,
)
