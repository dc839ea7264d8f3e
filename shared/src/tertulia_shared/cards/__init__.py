"""Character cards: the files in which other programs exchange characters ("Tavern cards" V1, V2 and V3).

`png_file` reads and writes the text chunks of a PNG, `json_text` reads JSON and changes single values of it, `card`
reads the fields of a card, `edits` writes changes back into its JSON, `macros` expands `{{user}}` and the like,
`prompt_fields` selects what a prompt needs. `errors` has the error of all of them.

A card is untrusted text. All modules are pure: nothing is executed or fetched, and every size has a bound. The JSON of
a card is kept as it came, character by character, because other programs keep fields in it that are unknown here.
"""
