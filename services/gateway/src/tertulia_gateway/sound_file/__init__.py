"""A conversation as one sound file: which voice speaks each message, and the Ogg encoder's process."""
