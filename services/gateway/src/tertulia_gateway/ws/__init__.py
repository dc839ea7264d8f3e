"""The WebSocket endpoint `/ws` and the connections that it serves."""
