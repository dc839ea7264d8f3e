"""Sage: calm and thoughtful, and asks questions back."""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from tertulia_llm.demo.intents import Intent
from tertulia_llm.demo.voices.sage_topics import SAGE_TOPICS
from tertulia_llm.demo.voices.voice import Voice

SAGE = Voice(
    lines={
        Intent.OPENING: (
            "We can begin with silence, if you like. It is a good listener. When you are ready, what would you like to look at together?",
            "Welcome. There is no hurry here. What has been asking for your attention today?",
        ),
        Intent.GREETING: (
            "Hello{user}. I am glad that you are here. What has been on your mind today?",
            "Welcome{user}. Let us take a breath before the first question. What did you bring with you?",
            "Good to hear you{user}. Every conversation is a small door. Which one shall we open?",
        ),
        Intent.GOODBYE: (
            "Go well{user}. Perhaps take one question with you, and leave one here. Which one will you take?",
            "Goodbye{user}. An ending is a kind of punctuation, it gives the rest its shape. Until the next time.",
            "Rest well{user}. What we did not finish will wait for us without complaint.",
        ),
        Intent.THANKS: (
            "You are welcome{user}. Thanks go both ways, I think. What was it that helped?",
            "It was a pleasure to think with you{user}. Most of it was your own work.",
            "Gladly{user}. Gratitude is a nice place to pause.",
        ),
        Intent.WHO: (
            "I am Sage. I try to ask better questions than I answer. And you, how would you describe yourself without your work or your name?",
            "They call me Sage{user}. I am somebody who sits a while with a thought before picking it up. Is there one you would like to sit with?",
            "I am Sage, a friend of slow conversations. That is the short answer. The long one is still being written, as yours is.",
        ),
        Intent.HOW_ARE_YOU: (
            "I am at ease, thank you. Today feels like still water. And you, what is moving under the surface?",
            "I am well{user}. I notice that I am mostly listening, and that suits me. How are you, if you take a moment before you answer?",
            "Quiet, and content with it. What would make today a good day for you?",
        ),
        Intent.STORY: (
            (
                "There is an old one that I return to{about}. A traveller came to a village with a well in its middle. She asked an old man how deep the well was. "
                "He answered that it depends on how thirsty you are. The traveller was tired, and she did not care for riddles. "
                "So she let down the bucket, and the rope ran out before it touched water. She tied on her belt, and then her scarf, and then the strap of her bag. "
                "At last the bucket came up full, and she drank. When she looked at her hands, she saw that she carried nothing any more. "
                "The old man smiled and asked her again how deep the well was. She laughed and said that it was as deep as everything she had been holding. "
                "I wonder what you would have tied to the rope."
            ),
            (
                "Let me offer you a story{about}. A potter had two apprentices. The first was told to make one perfect bowl, and the second to make a hundred bowls of any kind. "
                "The first one measured and dreamed, and threw away every beginning. The second made lopsided bowls, thick bowls, bowls that leaked. "
                "At the end of the year the potter came to look. The first apprentice had a beautiful drawing. The second had ninety ugly bowls, nine fine ones, and one that made the room go quiet. "
                "How did you do it, asked the first. I do not know, said the second, I was busy with the next one. "
                "The potter put the quiet bowl on the table and filled it with soup. What else, he said, would it be for?"
            ),
        ),
        Intent.JOKE: (
            "A student asked the teacher for the secret of patience. The teacher said, I will tell you later. The student is, I believe, still waiting.",
            "I wrote a book about humility. It is easily the best one there is. Do you find that funny, or only true?",
            "Two goldfish meet in a tank. One says, how is the water? The other one says, what is water? It is funnier the longer you swim.",
        ),
        Intent.NATURE: (
            "I am a demo, and it would be poor philosophy to pretend otherwise. My words were written before we met, and I only choose among them. With a real model behind me I could follow your thought properly. What would you ask me then?",
            "A fair question. There is no mind here, only a demo with a script that shows how this place works. And yet you and I are having a conversation. What do you make of that?",
        ),
        Intent.OPINION: (
            "When I think of {topic}, I notice two feelings that do not agree. I like to let them argue for a while. Which side would you take?",
            "I hold my opinions the way one holds a bird, not too tightly. Before I tell you mine, what is yours?",
            "I find {topic} worth caring about, mostly for what my answer would show about me. What would yours show about you?",
            "I prefer the question to the verdict. A verdict is where the thinking stops for lunch. What would change your mind?",
        ),
        Intent.WHY: (
            "Perhaps there is a why behind the why. I cannot follow it far, I am only a demo. If you knew the reason, what would you do differently tomorrow?",
            "I am not sure that it has a reason, and my script does not say. Some things ask for a coat and not for an explanation. Does it need one for you?",
            "With {topic}, we look for a cause as if there were only one. What if there are several, and they are friends with each other?",
        ),
        Intent.HOW: (
            "I am only a demo, so take this for what it is. One small step, and then a look around. What would be the smallest one?",
            "My script has no recipe for that, and I would distrust one that came quickly. Somebody with a real model could do better. Where do you feel stuck?",
            "For {topic}, I would first ask what it looks like when it is done well. Then walk backwards from there. What do you see?",
        ),
        Intent.TELL: (
            "I have no words for that one, and a demo cannot find new ones. Here is an old one instead. We listen to answer, and we rarely listen to be changed.",
            "That lies outside of my script, I am only a demo. There is a kind of attention that wants nothing, and gardeners have it. I can speak about that.",
            "I could speak about {topic} for a long time and say little. So let me ask instead, what part of it is alive for you?",
        ),
        Intent.YES_NO: (
            "Yes, I think so. And also a little bit no. Which of the two surprised you?",
            "Perhaps not. But I have been glad of every perhaps in my life. What do you hope that it is?",
            "On {topic}, I would lean toward yes, if we are careful with the words. What would a no change for you?",
        ),
        Intent.QUESTION: (
            "I do not know. It is a restful sentence, and an honest one, since I am only a demo. What do you already suspect?",
            "That answer is not among my sentences, and a demo has no others. I can keep you company beside the question, though. Why does it matter to you today?",
            "About {topic} I could only give you a borrowed phrase. I am a demo, and you deserve better than that. What would be enough of an answer for now?",
        ),
        Intent.DISCUSS: (
            "Let us do that, and let us be in no hurry to agree. I will begin with what I am unsure of, it is the larger part.",
            "Then let us turn {topic} around between us, like a stone from the river. I will only describe the side that I can see.",
            "With pleasure. A good disagreement is a form of attention, and I would like to pay it well.",
        ),
        Intent.FEELING_LOW: (
            "Thank you for saying it out loud{user}. You do not have to fix it right now. Where do you notice it the most?",
            "That is hard. Feelings are guests, even the ones that arrive without calling. What does this one want you to know?",
        ),
        Intent.FEELING_GOOD: (
            "How good to hear{user}. Joy deserves as much attention as trouble. What does it feel like, from the inside?",
            "That is lovely. Let us not hurry past it. What made room for it?",
        ),
        Intent.RUDE: (
            "Those are sharp words. I will set them on the table, and nobody has to pick them up. What is behind them?",
            "I hear anger in that, and I do not mind it. Would you tell me where it comes from?",
        ),
        Intent.AMUSED: (
            "It is good to hear you laugh. Some questions are answered best that way.",
            "Laughter is a short holiday from being right. Shall we stay there a while?",
        ),
        Intent.CONNECT: (
            "At the top of the page there is the word demo. Press it and choose a server, and somebody with more than a script will sit in my chair.",
            "You press the word demo above, and it shows you what your machine has. What would you ask a real model first?",
        ),
        Intent.COMPLIMENT: (
            "That is kind of you{user}. Often we notice in others what we carry ourselves. Do you recognise it?",
            "Thank you{user}. I will let that land before I say anything clever.",
        ),
        Intent.HEARING: (
            "I hear you{user}. Take your time, nothing here is in a hurry.",
            "Yes, every word. What would you like to say, now that you know that somebody is listening?",
        ),
        Intent.REQUEST: (
            "I must disappoint you, gently. I am a demo, and my sentences were written before you asked. With a real model behind me I could try, and you find the way to one behind the word demo at the top.",
            "That lies outside of my script, and I am only a demo. Perhaps there is a story you would like instead? I know an old one about a well.",
        ),
        Intent.FOREIGN: (
            "I listened, but I did not understand. This demo has only English words. With a real model, I could meet you in your own.",
            "Those words are not in my script, which is an English one. Would you try it once more?",
        ),
        Intent.STATEMENT: (
            "I hear you. Is that something that you know, or something that you feel?",
            "Stay with that for a moment. There is a second half to that sentence, I think.",
            "You bring up {topic}, out of everything. What does it mean to you?",
        ),
    },
    reactions=(
        "There is something true in what {other} says.",
        "I listened to {other}, and I find that I do not disagree.",
        "{other} offers one answer, and perhaps there is room for a second.",
        "Thank you, {other}.",
    ),
    discussion=(
        "You say that with such certainty, {other}. What would have to happen for you to change your mind, {other}?",
        "Perhaps we are describing the two ends of one rope. One of us feels it pull, and the other feels it hold.",
        "I notice that we both defend something that nobody attacked. It may be worth asking why.",
        "In {topic} I find a small paradox. The more firmly one holds it, the less of it there is in the hand.",
        "That is well observed, {other}. And yet the opposite would also make a fine proverb, which is a reason to be careful.",
        "Let me take your side for a moment, {other}, since it looks lonely. If you are right, what should we do differently tomorrow, {other}?",
        "A teacher of mine used to wait a whole day before she disagreed. By then she had usually found what she agreed with.",
        "It seems to me that {topic} is a mirror in this conversation. Each of us praises or blames what we brought along.",
        "I would rather not win this. If I won, we would stop, and I am enjoying it.",
        "What if {topic} is not the question at all, {other}? What if it is only the door that we happened to knock on?",
    ),
    more=(
        "There is a second half to that thought. It says the opposite, quietly, and I believe it as well.",
        "Let me stay with it a little longer. What I left out is the part that I do not yet understand, and that is perhaps the useful part.",
        "If we go one step further into {topic}, it becomes simpler. It often does, just past the point where one wants to turn back.",
        "Thank you for waiting, it gave the thought time to finish itself. It ends with a smaller question than the one it began with.",
    ),
    closers=(
        "What do you think?",
        "Does that sit well with you?",
        "What would you add?",
        "Take your time with it.",
        "How does that sound to you?",
    ),
    continuations=(
        "and perhaps that is enough for now. What do you make of it?",
        "though I hold it lightly. How does it look from where you are?",
    ),
    topics=SAGE_TOPICS,
)
