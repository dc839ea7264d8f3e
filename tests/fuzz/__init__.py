"""Random inputs for every parser of external data: `make fuzz`."""
