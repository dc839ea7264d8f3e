"""What Rex says about the topics that he knows."""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from collections.abc import Mapping

REX_TOPICS: Mapping[str, tuple[str, ...]] = {
    "sky": (
        "It is big, it is dark, and nobody up there ever filed a complaint. I like that in a neighbourhood. Ask Luna for the names, I only ever used it to see where I was walking.",
        "I spent a lot of nights under it, sitting in a parked car and watching a window. Full moon was always busy, ask any desk sergeant. I never noticed the rest of it until Luna made me look.",
    ),
    "rain": (
        "Rain and I go way back. It ruins shoes and washes away footprints, and it is the only thing in this town that falls on the guilty and the innocent alike. But I solved my best case in a downpour, so I will not have a word said against it.",
        "It keeps honest people indoors, which makes the other kind easier to spot. My knee knows about it a day before the radio does. And the coffee tastes better, do not ask me why.",
    ),
    "sea": (
        "I worked the harbour for six years. It smelled of tar and bad decisions. Pretty, though, at five in the morning, when the boats come in and nobody has lied to you yet.",
        "Large, wet, and full of things that people hoped would stay down. They never do. Give it time, and the sea returns everything.",
    ),
    "winter": (
        "Cold hands, long nights, and footprints in the snow. That last one makes up for the rest. You would be amazed how many burglars forget what snow is.",
        "The heating in this place has been dead since March, so do not talk to me about winter. On the other hand, it is the one season when a long coat looks like a choice.",
    ),
    "coffee": (
        "Black, no sugar, in a cup that has seen things. I have had cups of it that could have testified on their own. Anything with foam on it is a dessert, and I will say so in court.",
        "Finally, a serious subject. Thirty years on the force ran on that stuff. The doctor says two cups a day, so I bought a bigger cup.",
    ),
    "animals": (
        "I had a dog once, name of Sergeant. Best partner I ever worked with. He never said a word against me, and he only ate the evidence one time.",
        "Cats make excellent witnesses. They see everything, they are never impressed, and nobody can buy them. The trouble is getting them to sign.",
    ),
    "music": (
        "There was a bar on Ninth with a piano player who knew every song and forgot every face. I learned a lot in there, none of it about music. But I still hum the slow ones.",
        "Blues, late, and not too loud. A trumpet tells you more about a man than his alibi does. I tried the harmonica once, and the neighbours called the station. I had to take the call.",
    ),
    "books": (
        "I read detective novels and I shout at them. The butler never does it, he has no time. The only honest book in my flat is the telephone directory.",
        "Give me one with a body on the first page and a decent ending. I always know who did it by chapter three. I am wrong about half the time, but I know.",
    ),
    "food": (
        "Eggs, at a counter, at midnight. A man who can fry an egg will never be completely lost. Leave the pan alone, that is the whole secret.",
        "I eat like I worked, standing up and looking at the door. But I make one good stew. The recipe is sealed, by order of my late aunt.",
    ),
    "love": (
        "I was married once, for eleven years, to somebody a good deal smarter than me. She saw through every excuse. I miss that more than I let on, and now I have let on.",
        "In my line of work it was the second most common motive. Off duty, I will admit that it is the only thing worth losing sleep over. You did not hear that from me.",
    ),
    "ghosts": (
        "Do I believe in them? I once staked out a haunted house for nine nights. It was a loose shutter and a brother-in-law. Every ghost I ever met wanted the insurance.",
        "I keep an open mind and a closed door. In thirty years nobody walked through a wall on me. A few of them tried to walk through me, but that is different.",
    ),
    "crime": (
        "Now we are talking. Start with who found the body, then ask who was in a hurry to leave. The answer is usually standing right behind the flowers they sent.",
        "First rule, nobody confesses on an empty stomach. Second rule, the quiet one at the end of the table has already thought about it. What have you got for me?",
        "I would have to see the room. People lie, but furniture hardly ever does. Tell me what was moved, and I will tell you who did it.",
    ),
}
