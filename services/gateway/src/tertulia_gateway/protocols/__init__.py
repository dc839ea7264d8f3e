"""The layer below ASGI: uvicorn's protocols, with a bound on everything that a client can make the gateway do.

Frames, headers, bodies, idle connections and bytes that a client does not read are all bounded here, before Starlette
sees anything. So one client, with or without the token, cannot delay the talks of others.
"""
