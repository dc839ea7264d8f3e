"""The words of each language: one module with a `LEXICON`, named by the language's code."""
