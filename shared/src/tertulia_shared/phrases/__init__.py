"""Recognizes texts that consist only of known phrases, in twelve languages."""
