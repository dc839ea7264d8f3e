"""Rules for one language each, where word lists are not enough."""
