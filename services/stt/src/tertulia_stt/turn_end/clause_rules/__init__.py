"""Rules for languages in which word lists are not enough; one module for each language."""
