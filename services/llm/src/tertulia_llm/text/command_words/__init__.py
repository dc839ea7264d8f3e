"""The phrases of spoken commands, one file per language (see `tertulia_shared.phrases.books`)."""
