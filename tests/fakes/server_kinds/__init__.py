"""Scripted model servers that refuse, fail and stream as the well-known OpenAI-compatible servers do."""
