"""Imports and exports character cards.

`importing` makes a character of a file, `exporting` a file of a character, `voice_proposal` chooses a voice for a card,
`portraits` makes the portrait in a process of its own, which runs `portrait_process`; `png_pixels` decodes and encodes
its pixels. `character_book` and `character_texts` read and write the lorebook and the texts in the card of a character.
`tertulia_shared.cards` has the formats.
"""
