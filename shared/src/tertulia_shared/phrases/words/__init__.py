"""The stop phrases of each language, and what may stand around them."""
