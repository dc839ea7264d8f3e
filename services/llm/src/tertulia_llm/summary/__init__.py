"""Sums up, in the background, the messages of a conversation that leave the prompt (docs/prompt.md)."""
