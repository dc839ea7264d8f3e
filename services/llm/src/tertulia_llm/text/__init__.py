"""Pure functions on text: sentence ends, spoken text, which characters answer, the model's prompt, heard text."""
