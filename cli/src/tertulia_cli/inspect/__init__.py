"""`tertulia inspect`: shows and explains a conversation's entries in Redis, and the time of each step."""
