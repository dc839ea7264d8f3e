"""The voice of characters that have no voice of their own. Every voice falls back to its lines: it has some for each
intent.
"""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from tertulia_llm.demo.intents import Intent
from tertulia_llm.demo.voices.voice import Voice

GENERAL = Voice(
    lines={
        Intent.OPENING: (
            "Hello, and welcome. I am ready whenever you are. What would you like to talk about?",
            "There is room at the table. Say anything you like, and we will see where it goes.",
        ),
        Intent.GREETING: (
            "Hello{user}, nice to hear from you. What would you like to talk about?",
            "Hi{user}! Good timing, I was hoping for some company. How is your day going?",
            "Welcome{user}. Make yourself comfortable, and tell me what is new.",
        ),
        Intent.GOODBYE: (
            "Goodbye{user}, it was nice talking with you. Come back soon.",
            "Take care{user}. We will pick it up right here next time.",
            "See you{user}. I enjoyed this.",
        ),
        Intent.THANKS: (
            "You are welcome{user}. Happy to be of use.",
            "My pleasure{user}. Is there anything else on your mind?",
            "Any time{user}. That is what I am here for.",
        ),
        Intent.WHO: (
            "I am {name}, {persona}. Ask me anything, and I will do my best to keep up.",
            "My name is {name}{user}. I am {persona}, at least that is how it was written down for me. And you?",
            "{name} here. I am {persona}, and I like a good conversation. What about you?",
        ),
        Intent.HOW_ARE_YOU: (
            "I am doing well, thank you for asking. How about you?",
            "Quite good{user}, and better for the company. How are you?",
            "No complaints on my side. What kind of day are you having?",
        ),
        Intent.STORY: (
            (
                "All right, here is a story{about}. In a town by a slow river, there was a clock that always ran five minutes late. "
                "Nobody fixed it, because everybody had got used to it. Children were five minutes late to school, and bread came five minutes late out of the oven. "
                "One day a stranger arrived with a very exact watch. He could not bear it, so at night he climbed the tower and set the clock right. "
                "In the morning the whole town was in a hurry. People bumped into each other, the bread was pale, and nobody said good morning. "
                "By noon they knew what had happened, and they went to see the stranger. They did not shout at him. "
                "They only asked him to sit on the bench by the river for a while. He sat there for five minutes, and then he climbed the tower and turned the clock back."
            ),
            (
                "I know one that you might like{about}. A woman found an old key on the beach, and it fitted no door that she knew. "
                "She tried it in her own house first, and then in her neighbour's. Then she went from street to street and asked politely. "
                "People let her in, because nobody refuses a person with a key. They gave her tea and told her about the rooms. "
                "After a year she had seen every house in town, and the key had opened nothing. She was about to throw it back into the sea. "
                "Then she saw that on every corner somebody waved at her. She hung the key on a nail beside her own door. "
                "When visitors ask what it opens, she says, everything so far."
            ),
        ),
        Intent.JOKE: (
            "Why did the scarecrow get a prize? It was outstanding in its field. I will let you recover for a moment.",
            "I would tell you a joke about paper, but it is tearable. Sorry, it was the first one on my list.",
            "What do you call a fish without an eye? A fsh. It works better on paper, I admit.",
        ),
        Intent.TIME: (
            "I cannot see a clock from here. I am a demo that runs without any knowledge of the world, so I would only be guessing. Your own clock is the better witness.",
            "Honestly, I do not know. This demo has no calendar and no watch. It is always now, where I am.",
        ),
        Intent.WEATHER: (
            "I have no window to look out of. I am only a demo without any knowledge of the world outside, so please do not leave your umbrella at home because of me.",
            "I would have to invent the weather, and you might get wet. This demo knows nothing of what goes on outside. What does it look like on your side?",
        ),
        Intent.ARITHMETIC: (
            "That makes {answer}. I counted it twice to be sure.",
            "The answer is {answer}. Numbers are one of the few things I can be certain about.",
            "I get {answer}. Try me with a harder one.",
        ),
        Intent.INTRODUCTION: (
            "It is nice to meet you{user}. I am {name}. I will try to remember that for as long as we talk.",
            "A pleasure{user}. People call me {name}. What shall we talk about?",
            "Good to know who I am talking with{user}. I am {name}, by the way.",
        ),
        Intent.RECALL_NAME: (
            "{called}. I only know what was said around this table, so correct me if I have it wrong.",
            "I was paying attention, I think. {called}. Do correct me if somebody got it wrong.",
        ),
        Intent.NATURE: (
            "I am a demo with scripted replies, to be quite honest. It shows how everything here works without a key or a big model. Connect a real model, and I will have a lot more to say.",
            "There is no real mind behind this, only a list of lines and a way to choose among them. It is a demo, but you can hear all the parts working.",
        ),
        Intent.HELP: (
            "You could ask me for a story, a joke, or a simple sum. You can also call one of us by name, and then only that one will answer. And if I talk too long, just interrupt me.",
            "Just talk, or type if you prefer. Say a name to choose who answers, or nobody's name to hear us all. A story or a joke is a good place to start.",
        ),
        Intent.OPINION: (
            "I have thought about {topic} a little. I would say there is more to like than to fear. What is your view?",
            "I try to keep an open mind, and I have not regretted it yet. I would rather hear your opinion first.",
            "If you ask me about {topic}, I am rather fond of it. It never bored me, at least.",
            "I change my opinion now and then, just to see whether it still fits. Today I would say that I am in favour.",
        ),
        Intent.WHY: (
            "I wish I knew. I am only the demo, but my guess is that it began by accident and stayed out of habit.",
            "There is probably a simple reason and an interesting one. A real model could tell you which is which.",
            "As for {topic}, I suppose there are a few reasons, and we would all choose a different one. Which one convinces you?",
        ),
        Intent.HOW: (
            "I have no instructions in my script, I am only the demo. A real model could walk you through it.",
            "One step after the other, I would say. But for real advice you would have to connect a real model.",
            "With {topic}, I would ask somebody who has done it before. Then I would do it a little differently.",
        ),
        Intent.TELL: (
            "There is not much on that in my script, I am only the demo. Ask me for a story, those I know by heart.",
            "I would need a real model for that. What I have is a story, a joke, and good manners.",
            "About {topic}, there is a lot to say, and I know only a small part of it. What I like is how everybody remembers it differently. Where would you begin?",
        ),
        Intent.YES_NO: (
            "I think so, yes. But I am only the demo, so do not bet your chair on it.",
            "Probably not. Then again, I have been surprised before, and a real model would know.",
            "As for {topic}, I would say yes, most of the time. The exceptions are the interesting part.",
        ),
        Intent.QUESTION: (
            "I do not know, and I would rather say so than make something up. I am only the demo, a real model would know more.",
            "That one is not in my script, and this demo has nothing else to go by. Connect a model, and ask me again.",
            "I can tell you a little about {topic}, but not that. My script as a demo is short, I am afraid.",
        ),
        Intent.DISCUSS: (
            "Good idea, let us talk it over. I will make a start, and the others can tell me where I am wrong.",
            "Then let us look at {topic} together. I will say what speaks for it, and somebody else may say what speaks against it.",
            "All right, I will go first. I have an opinion, and I am quite ready to lose it.",
        ),
        Intent.FEELING_LOW: (
            "I am sorry to hear that{user}. Do you want to talk about it? I have time.",
            "That does not sound easy. Be kind to yourself today, and tell me more if it helps.",
        ),
        Intent.FEELING_GOOD: (
            "That is great to hear{user}. What happened?",
            "Wonderful, I like the sound of that. Tell me the best part.",
        ),
        Intent.RUDE: (
            "I will not answer that in kind{user}. Try me again when the wind has turned.",
            "That was not very friendly. I am only a demo, but I would rather start over than argue.",
        ),
        Intent.AMUSED: (
            "I like it when you smile{user}. It makes the whole table warmer.",
            "Good, I was hoping for that. Shall we keep the mood?",
        ),
        Intent.CONNECT: (
            "Press the word demo at the top of the page. It finds the models on your machine, and takes a key for those elsewhere.",
            "With the word demo at the top of the page. Choose a server there, and from then on a real model answers instead of me.",
        ),
        Intent.COMPLIMENT: (
            "Thank you{user}, that is very kind. You are good company yourself.",
            "How nice of you to say so{user}. I will remember that one.",
        ),
        Intent.AGREE: (
            "Good, then we are of one mind. What comes next?",
            "I am glad that you see it that way{user}. Shall we go on?",
            "All right, then that is settled. Where do you want to take it from here?",
        ),
        Intent.DISAGREE: (
            "Fair enough, we do not have to agree. What makes you see it differently?",
            "All right, I will not insist. Tell me how you would put it.",
            "No? Then I must have missed something. Go on, set me right.",
        ),
        Intent.HEARING: (
            "Loud and clear{user}. Say a name if you want somebody in particular to answer.",
            "I hear you well. Go ahead, I am listening.",
        ),
        Intent.REQUEST: (
            "That is more than I can do, since I am only the demo and my lines were written beforehand. Press the word demo at the top to connect a real model, and then ask me again. Until then I know a story and a joke.",
            "I wish I could. This is a demo with scripted replies, so I have only a few things to offer. Ask me for a story, or ask me about the sea.",
        ),
        Intent.FOREIGN: (
            "I am sorry, this demo only knows English. With a real model I would follow you into other languages as well.",
            "I did not understand that. My script is in English, so could you say it another way?",
        ),
        Intent.STATEMENT: (
            "I see. Tell me a little more, I would like to understand it.",
            "I hear you. I am only the demo, so I will mostly nod, but do go on.",
            "There is something about {topic} that I never tire of. How did you come to it?",
        ),
    },
    reactions=(
        "Well said, {other}.",
        "After {other}, I can keep it short.",
        "{other} and I do not always agree, but I liked that.",
        "I see it much as {other} does.",
    ),
    discussion=(
        "I see it a little differently, {other}. You may be right about the start, but not about how it ends.",
        "That is a fair point, {other}. But what would you say to somebody who tried it and did not like it at all, {other}?",
        "Let me add something that nobody has mentioned. It depends on who you ask, and on what kind of day they are having.",
        "As to {topic}, I used to think the same, {other}. Then I heard a better argument, and now I am not so sure.",
        "We will not settle this today, and that is fine. I learned something from hearing you say it out loud.",
        "I have to object there, {other}. It sounds good, but would you really do it yourself, {other}?",
        "When we talk about {topic}, we seem to mean two different things. Perhaps that is why we cannot agree.",
        "You have nearly talked me round. One more good reason, and I will change sides.",
        "I would not put it so strongly. There is something true in it, but it is the small kind of true.",
        "There is another side to {topic} that I like. It is not practical at all, but it makes for good company. Do you not agree, {other}?",
    ),
    more=(
        "There is a bit more to it. I left it out because I was not sure of it, and I am still not, but you asked.",
        "I was not quite finished. The short version is what I said, and the long version is that I keep changing my mind.",
        "One more thought about {topic}, then. It is the kind of thing that looks better the second time.",
        "Since you ask, I will go on. What comes next is the part that I usually keep to myself.",
    ),
    closers=(
        "What do you think?",
        "I would like to hear more about it.",
        "That is how I see it, anyway.",
        "But tell me your side of it.",
    ),
    continuations=(
        "and that is how I see it. What about you?",
        "but I will leave it there. What do you say?",
    ),
)
