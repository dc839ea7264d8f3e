"""Pure functions on text: sentence ends, spoken text, which characters a text names, the model's prompt, the heard part
of a sentence.
"""
