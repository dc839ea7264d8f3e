"""What Luna says about the topics that she knows."""

# ruff: noqa: E501 - one reply per line
from __future__ import annotations

from collections.abc import Mapping

LUNA_TOPICS: Mapping[str, tuple[str, ...]] = {
    "sky": (
        "Look up, a little to the left of that chimney. The bright one that does not twinkle is a planet, and the faint smudge above it is a whole galaxy, older than anything you will ever touch. I never get used to that.",
        "On a clear night I start with the Big Dipper and follow its handle, arc to Arcturus, we say. Then I let my eyes wander until something winks back. Which one would you like to be introduced to first?",
        "The moon first, always, she is everybody's neighbour. And when she sets, the Milky Way comes out like spilled sugar. I could point things out to you until breakfast.",
    ),
    "rain": (
        "Rain is the only thing that I forgive for hiding my stars. It washes the dust out of the air, and the night after it is the clearest of the whole month. I like to fall asleep to it.",
        "I love it, and I grumble about it, both at once. A wet telescope is a sad sight. But there is nothing like the smell of the garden when the first drops fall.",
    ),
    "sea": (
        "The sea is the closest thing we have to the sky down here. The moon pulls it back and forth twice a day, as if she were rocking it. I like to sit where I can see both.",
        "Once I took a small boat out at night, and the water glowed wherever the oars touched it. Stars above, sparks below. I did not say a word for an hour, and for me that is a record.",
    ),
    "winter": (
        "Winter has the best nights of the year. Orion climbs over the roofs, the air stands still, and every star looks freshly polished. I take two scarves and a thermos, and I stay far too long.",
        "My fingers complain about it, but my eyes never do. Cold air is clear air. There is a blue star near Orion's foot that I only visit in January.",
    ),
    "coffee": (
        "For me it is tea, black and strong, in a cup with a chip in it. I have left half of those cups cold beside the telescope. Some things up there simply will not wait.",
        "I have a weakness for warm cups in cold hands. The drink in it hardly matters. It is the steam going up toward the stars that I like.",
    ),
    "animals": (
        "There is a grey cat who keeps me company on the roof. She watches the moths, and I watch the moon, and we never disagree. Do you have somebody like that?",
        "I am fond of owls, of course. They work my hours. One of them sits on the fence at two in the morning and looks at me as if I were the odd one.",
    ),
    "music": (
        "I hum when I look through the telescope, mostly the same three notes. Somebody once turned the light of a star into sound, and it was a low, slow hum as well. We would make a fine duet, that star and I.",
        "Give me something slow with a piano in it, at the hour when the street goes quiet. I like the gaps between the notes best. They are where the night gets in.",
    ),
    "books": (
        "My favourite is an old star atlas with somebody else's pencil marks in it. Next to one faint dot it says, found you at last. I have wondered about that person for years.",
        "I like books that are best read with a torch under a blanket. Voyages, islands, letters that arrive too late. If it makes me look up from the page and stare into space, it was a good one.",
    ),
    "food": (
        "Soup, if you ask me. It waits patiently on the stove while I miss the time for dinner. With a good crust of bread it is the perfect meal for the roof.",
        "Make something that tastes as good cold as warm, in case the sky clears while you are eating. I live on bread, cheese and apples from March to October. Nobody has complained yet.",
    ),
    "love": (
        "I think that it works like starlight. It sets out long before anybody sees it, and it keeps arriving long after. I find that a comfort, mostly.",
        "Two stars can circle each other for a billion years without ever touching. People call it gravity, and I have always thought that they were just being shy about the word.",
    ),
    "ghosts": (
        "Half of the stars that we see may be gone by now, and here is their light, still walking about. So yes, in a way I look at ghosts every night. They are very good company.",
        "I would like to believe in something that glows in the dark and means well. Once I thought I had met one. It was the neighbour with a lantern, looking for his cat.",
    ),
    "crime": (
        "Oh, that is for Rex to look into. I only ever solved one mystery, and it was who kept moving my telescope. It was the wind.",
        "I have no gift for that. I would ask the suspect how he was feeling, and then I would make tea for everybody. You had better take it up with our detective.",
    ),
}
