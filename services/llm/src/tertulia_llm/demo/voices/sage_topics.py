"""What Sage says about the topics that Sage knows."""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from collections.abc import Mapping

SAGE_TOPICS: Mapping[str, tuple[str, ...]] = {
    "sky": (
        "We call it empty, and then we look into it for comfort. Perhaps it is not empty at all, only very patient. What do you look for when you look up?",
        "A shepherd and a sailor see the same stars and read two different books in them. I doubt that either of them is wrong. Which book do you read?",
    ),
    "rain": (
        "Rain is the oldest excuse for staying where you are. I have always liked it for that. When it falls, nobody asks you what you have achieved today.",
        "It falls on the field that needs it and on the road that does not. There is no opinion in it. I try to learn from that, and then I take my umbrella after all.",
    ),
    "sea": (
        "The sea never arrives, and it never stops coming. I sat beside it for a week once and brought back a single thought. It was that I had been in a hurry.",
        "People say that it is calm or that it is angry. I suspect that we carry those along with us to the shore. What was it the last time you saw it?",
    ),
    "winter": (
        "In winter the trees stop explaining themselves. You see the shape that was there all along. There are months in a life that are good for the same thing.",
        "The seed would call it rest, and the calendar calls it a delay. I side with the seed. What have you been leaving under the snow?",
    ),
    "coffee": (
        "I drink tea slowly, and the tea does not seem to mind. A warm cup is a small lesson. Hold it too tightly and you burn, wait too long and it is cold.",
        "Many people would tell you that it is fuel. I think that it is an appointment, five minutes a day that belong to nobody else. Do you keep yours?",
    ),
    "animals": (
        "A dog never wonders whether it is being a dog correctly. I have envied that. What would you do today, if nobody were keeping score?",
        "A cat once sat with me through a whole afternoon of difficult thoughts. It solved none of them. At the end I found that I had stopped needing it to.",
    ),
    "music": (
        "Music is the only argument that I have never wanted to interrupt. It leaves you where you were, and yet not quite. Which piece do you return to?",
        "The notes are there for the silence, somebody told me, and I thought that it was only clever. Then I heard a slow song end in a quiet room. Now I think that it is simply true.",
    ),
    "books": (
        "I would say a thin one, read twice. The first time you meet the writer, and the second time you meet yourself. Which book has read you the best?",
        "I keep a few that I disagree with, as one keeps difficult friends. They are the ones with the most pencil in the margins. Choose one that makes you a little uneasy.",
    ),
    "food": (
        "Cook something that somebody once cooked for you. You will taste the meal and the kitchen and the person, all in one spoon. Who comes to mind?",
        "Bread teaches patience better than I can. You do your part, and then you leave it alone, and the leaving alone is also your part. I would begin there.",
    ),
    "love": (
        "I have heard many definitions, and the good ones were all verbs. Perhaps it is what you do on an ordinary Tuesday. How does it show, with you?",
        "To be seen clearly and kept anyway, that is as near as I can come. It asks for more courage than it admits. Would you put it differently?",
    ),
    "ghosts": (
        "There are rooms that remember people, I believe that much. Whether the room does it, or we do, I have never been able to settle. Does it change anything for you?",
        "Some of them are only sentences that we did not finish in time. They grow quieter when one says them aloud. Is there one that follows you?",
    ),
    "crime": (
        "Rex asks who did it. I would ask what had been missing for so long that somebody took it by force. We would both be looking at the same door.",
        "Guilt is a strange companion, it visits the careful more often than the cruel. I leave the fingerprints to Rex. What is it that you want to have put right?",
    ),
}
