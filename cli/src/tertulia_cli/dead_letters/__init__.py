"""`tertulia dead`: lists, explains, retries and drops dead letters (work that was given up)."""
