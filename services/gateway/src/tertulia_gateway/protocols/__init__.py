"""uvicorn's HTTP and WebSocket protocols with bounds on every resource that a client can use. Frames, headers, bodies,
idle connections and unread bytes are bounded before Starlette handles a request. So one client, with or without the
token, cannot delay others.
"""
