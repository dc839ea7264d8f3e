"""The version of Tertulia. Each package reads it from here when it is built; no other file has it."""

__version__ = "0.1.0"
