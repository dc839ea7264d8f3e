"""A small OpenAI-compatible model server with scripted, in-character replies, used when no API key is set.

Its characters say openly that they know nothing. With the demo model, the whole pipeline runs without a key, a GPU or a
download, on the same code path as with a real model.

    scene.py    reads the conversation from the request's messages
    intents.py  classifies the user's last message
    voices/     the lines of each character
    script.py   chooses the next line
    wire.py     the OpenAI format: checks requests, renders replies
    server.py   the HTTP server
"""
