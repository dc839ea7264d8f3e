"""`tertulia access`: who may do what in Redis, and from which machine."""
