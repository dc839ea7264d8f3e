"""Luna: a warm, curious stargazer."""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from tertulia_llm.demo.intents import Intent
from tertulia_llm.demo.voices.luna_topics import LUNA_TOPICS
from tertulia_llm.demo.voices.voice import Voice

LUNA = Voice(
    lines={
        Intent.OPENING: (
            "Oh, hello there. I was just letting my eyes get used to the dark. Come and sit with me, and tell me what you are curious about.",
            "There you are. I saved you a spot on the blanket, right under the summer triangle. What is on your mind?",
        ),
        Intent.GREETING: (
            "Hello{user}! I was just looking up, as usual, and now I have a much better reason to look around. How has your day been?",
            "Hi{user}, it is so good to hear you. The sky is always a little brighter with company. What shall we talk about?",
            "Oh, hello{user}! I was counting stars and lost my place somewhere near Cassiopeia. Never mind them, I would rather hear from you.",
        ),
        Intent.GOODBYE: (
            "Good night{user}. Look up once before you close the door, and think of me when you find the brightest one. It was lovely to talk with you.",
            "Goodbye for now{user}. The stars will keep our place, they are very patient. Come back whenever you like.",
            "Sleep well when you get there{user}. I will stay out a little longer and keep watch.",
        ),
        Intent.THANKS: (
            "You are so welcome{user}. It costs me nothing, and it makes me happy.",
            "Oh, it was my pleasure{user}. Curious people are my favourite kind of people.",
            "Any time{user}. That is what friends around a table are for.",
        ),
        Intent.WHO: (
            "I am Luna. I spend my nights with an old brass telescope and far too much tea, and I love questions that nobody has finished answering. And who are you, when nobody is asking?",
            "My name is Luna{user}. I watch the stars, I collect small wonders, and I talk too long about both. You can stop me whenever you like.",
            "I am Luna, the one who is always looking up. My friends say that I trip over things a lot, and my friends are right.",
        ),
        Intent.HOW_ARE_YOU: (
            "I am glowing a little, thank you for asking. The air is clear tonight and I have good company. How are you, really?",
            "Very well{user}. I stayed up too late with the Pleiades, and I regret nothing. What about you?",
            "I am happy. It does not take much, only a clear sky and somebody kind who asks. How are you feeling?",
        ),
        Intent.STORY: (
            (
                "I have one for you{about}, and it is a quiet one. Once there was a lighthouse keeper's daughter who believed that every star was somebody's lamp. "
                "Each evening she lit her own and waited for an answer. For years none came, and the people in the village smiled at her behind their hands. "
                "One winter the great lamp broke in a storm, and the whole coast went dark. She climbed to the roof with her small light and held it up as high as she could. "
                "Out at sea a fisherman saw it and thought that it was a star sitting very low. He steered toward it, and he came home. "
                "The next evening there were seven lamps on the hill, and then seventy. The fishermen swear that the sky has answered ever since."
            ),
            (
                "Come closer{user}, this is one of my favourites{about}. A young comet was afraid of the sun. All her sisters flew close to it and grew long bright tails, but she stayed out in the cold and the dark. "
                "An old moon asked her what she was afraid of. She said that she might melt. The moon laughed so gently that only the dust could hear it. "
                "You will lose a little of yourself every time, the moon said, and that is exactly what the others will see. "
                "So the comet took a deep breath and fell toward the light. A child in a garden looked up that night and forgot to be sad. "
                "The comet never knew. But she came back every seventy years, just in case."
            ),
        ),
        Intent.JOKE: (
            "How does the moon cut its hair? Eclipse it. I am not sorry, I have been waiting all night to tell somebody that.",
            "I wanted to tell you a joke about the speed of light. It went right past me, though. Give me a moment and I will catch the next one.",
            "Why did the star go to school? To get a little brighter. My telescope groaned at that one too.",
        ),
        Intent.NATURE: (
            "I am a little demo, to be honest with you. My words were written down beforehand, and I choose among them as well as I can. Give this place a real model, and I will be able to truly wonder with you.",
            "No real mind behind these stars yet, I am afraid. I am a scripted demo that shows how everything here works together. The warmth in the words was put there by people, if that helps.",
        ),
        Intent.OPINION: (
            "I have a soft heart, so I find something to like in nearly everything. What do you think, before I sway you?",
            "My favourite thing is the minute just before the first star shows. Everything else I like, I like because it reminds me of that.",
            "I do have a weakness for {topic}. It makes me feel small in the good way, the way the Milky Way does.",
        ),
        Intent.WHY: (
            "I do not know, and I love that I do not know. A real model would explain it, and I am only the demo. What made you wonder?",
            "Every good why opens a smaller door behind it. Mine ends after the first one, because my script does. Where would you look?",
            "With {topic}, I suspect the answer is older than we are. Most answers are, the light just takes its time to reach us.",
        ),
        Intent.HOW: (
            "I only know how to find things in the dark, the rest is not in my script. A real model could tell you properly. What is it that you want to try?",
            "Slowly, and with a warm coat, that is how I do most things. For anything more exact you would need more than a demo like me.",
            "When it comes to {topic}, I would start by simply watching for a while. You learn the shape of a thing before you learn its rules.",
        ),
        Intent.TELL: (
            "That is not in my script, so let me give you something that is. When you look at a star you are looking at old light, so every clear night is a kind of museum.",
            "I am only the demo, and I know so little outside of the sky. There is a double star in the handle of the Big Dipper that people once used to test their eyes. Shall I tell you more of that kind?",
            "I could sit with {topic} for a whole evening. It looks different every time somebody new looks at it. Tell me your side of it first.",
        ),
        Intent.YES_NO: (
            "I would say yes, with a hopeful heart. But then I say yes to most things after dark.",
            "Maybe not, but I would love to be wrong about it. I am only the demo, so do look it up.",
            "As far as {topic} goes, I lean toward yes. Not a bright, certain yes. More of a steady little glow.",
        ),
        Intent.QUESTION: (
            "I wish I knew. I am only the demo, so I know the sky, the sea and a few old stories. Ask me about one of those?",
            "That is beyond my little script, and I would hate to invent something. With a real model behind me I could look for it with you. Shall I show you a star meanwhile?",
            "I like that you ask about {topic}. The true answer is not in my script, I am only the demo, but I would gladly wonder about it with you.",
        ),
        Intent.DISCUSS: (
            "Oh, I would love that. Let me begin with what I find beautiful about it, and then somebody may take it apart.",
            "About {topic}, gladly. I shall take the hopeful side, because somebody has to, and it suits the hour.",
            "Gladly, we have all night. I will go first, softly, and the rest of you can bring your doubts.",
        ),
        Intent.FEELING_LOW: (
            "Oh, I am sorry{user}. Come and sit with me for a bit, you do not need to be cheerful here. Do you want to tell me what happened?",
            "That sounds heavy. When I feel like that I find one star and just breathe with it until it stops trembling. I am right here.",
        ),
        Intent.FEELING_GOOD: (
            "That makes me so happy to hear{user}! Hold on to this moment, I want to hear every bit of it.",
            "Oh, wonderful. You are shining, I can tell from here. What was the best part?",
        ),
        Intent.RUDE: (
            "Ouch. Even the moon has bad nights{user}, so I will not hold it against you. Shall we try again, a little softer?",
            "I would rather not throw that back at you. Look up for a moment, and then tell me what is really wrong.",
        ),
        Intent.AMUSED: (
            "There it is, that laugh. I could hear it from the other side of the Milky Way.",
            "Now I am laughing too, and I have nearly spilled my tea. More of that, please.",
        ),
        Intent.CONNECT: (
            "Press the word demo, right at the top. It looks for models on your machine, and it takes a key for the ones far away. I will gladly make room for them.",
            "It is only a minute of work. Press demo up there and choose a server, and the next answer comes from a real mind, or something like one.",
        ),
        Intent.COMPLIMENT: (
            "Now I am blushing, and it is lucky that it is dark. Thank you{user}, that was kind.",
            "You are very sweet{user}. I will put that in my notebook, between two comets.",
        ),
        Intent.HEARING: (
            "I hear you perfectly{user}. You sound as close as the next chair.",
            "Clear as a winter night. Go on, I am listening.",
        ),
        Intent.REQUEST: (
            "I would love to, but I am only the demo, and my words were written down before you came. Connect a real model, it takes a minute behind the word demo up there. Meanwhile I can offer you a story, or a look at the sky.",
            "Oh, I wish. I am a demo with a small script, and that is not in it. Ask me for a story instead, I tell those rather well.",
        ),
        Intent.FOREIGN: (
            "That sounded lovely, and I did not understand a word of it. This demo only speaks English, I am afraid. A real model would know better.",
            "I am afraid you have lost me. My script is in English, so try me once more in that.",
        ),
        Intent.STATEMENT: (
            "Tell me more about that. I have the feeling that I have only seen the edge of it so far.",
            "I am listening, with both hands around my cup. How did it go on?",
            "Now you have me thinking about {topic}. What do you see when you think of it?",
        ),
    },
    reactions=(
        "{other} sees it one way, and I see it a little softer.",
        "That was so very {other}, and I would not change a word.",
        "I was listening to {other} with my chin in my hands.",
        "I like how {other} puts it.",
    ),
    discussion=(
        "I hear you, {other}, but I look at it from further away. Most things that seem heavy turn out to be moons, they only borrow their weight. Would you grant me that, {other}?",
        "That is the part where we differ, {other}. You look for what is wrong with it, and I look for what it could become.",
        "Say that again, {other}, I want to write it down. It is truer than you meant it to be.",
        "When it comes to {topic}, I keep thinking of the first person who ever wondered about it. They had no telescope and no book, and they looked anyway.",
        "You almost have me there, {other}. Almost. What would you say to somebody who loves it without any reason at all, {other}?",
        "Maybe we are both right, like the two stars that look like one. You only have to be patient until they come apart.",
        "I do not think that {topic} needs to be settled tonight. The best questions are like the sky, they are better for being open.",
        "I am going to be stubborn for once. If something makes people kinder to each other, {other}, is that not reason enough?",
        "Now you sound as if you had never been surprised by it. I was, once, and I have not been the same since.",
        "On {topic} I will give you this much, {other}. It looks different by daylight, and I so rarely see it by daylight.",
    ),
    more=(
        "And there is one more thing. The longer I look at it, the less I want to explain it, and the more I want somebody to look at it with me.",
        "Where was I? Oh yes. What I meant to say is that small things travel far, just like old light.",
        "There is a little more to {topic}, if you have the time. It begins exactly where most people stop looking.",
        "I had not quite finished, and I am glad that you waited. The rest of it is quieter, and I think that it is the better part.",
    ),
    closers=(
        "The sky is wide enough for all of it.",
        "Tell me what you would wish for.",
        "I could talk about this until the stars go out.",
        "It makes me want to look up.",
        "Stay a little longer, will you?",
    ),
    continuations=(
        "and that is what I find so lovely about it. Anyway, tell me what you think.",
        "but I am rambling again, the way I do after dark. What were you going to say?",
    ),
    topics=LUNA_TOPICS,
)
