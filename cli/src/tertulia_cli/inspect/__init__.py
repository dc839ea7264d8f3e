"""`tertulia inspect`: what went through Redis, and how long each step took."""
