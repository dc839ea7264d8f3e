"""Voices made from recordings: where the recordings are kept, and how the tts workers get them."""
