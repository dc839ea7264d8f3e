"""`tertulia doctor`: what is here, what is missing, what to do."""
