"""Compares the sound of the microphone with the sound that the client plays, to detect the characters' voices from a
loudspeaker.
"""
