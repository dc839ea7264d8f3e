"""The conversation that a connection has open: sends its events and audio, and writes the client's commands."""
