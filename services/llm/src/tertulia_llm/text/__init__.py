"""What the worker decides about text, apart from all I/O: when a sentence ends, what of it is spoken, who answers,
what the model is asked, and what the user has heard."""
