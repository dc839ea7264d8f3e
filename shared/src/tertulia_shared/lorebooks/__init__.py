"""Lorebooks: texts about a world that go into a prompt when the conversation mentions them (ADR 30).

Two formats are read: `character_book` of Tavern cards V2 and V3, and SillyTavern's world info. Both are kept as they
came; `reading` makes a `Lorebook` of either.
"""
