"""A small OpenAI-compatible model server with scripted, in-character replies: what talks when no API key is set.

It knows nothing and says so. It is here so that the whole pipeline can be heard working without a key, a GPU or a
download, through the very code path that a real model takes.

    scene.py    what has been said, read from the request's messages
    intents.py  what the user's last words ask for
    voices/     what each character can say
    script.py   which of it is said now
    wire.py     the OpenAI format: requests checked, replies rendered
    server.py   HTTP around it all
"""
