"""`make fuzz`: random inputs for every parser of external data."""
