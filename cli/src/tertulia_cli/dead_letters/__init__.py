"""`tertulia dead`: work that was given up: what it was, why, and how to have it done after all."""
