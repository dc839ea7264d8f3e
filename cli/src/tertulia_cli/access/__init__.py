"""`tertulia access`: logins and certificates for Redis, also for remote machines."""
