"""Finds out by the sound whether the microphone records only the characters' voices from a loudspeaker."""
