"""The connection to a model server: which one is in use, and how a person sets it in the page while the worker runs.

The gateway asks over Redis (`requests`); one llm worker answers. The key arrives sealed, and stays in a file and in the
memory of the llm workers.
"""
