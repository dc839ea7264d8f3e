"""`tertulia voice`: makes voices from recordings, in the gateway or in the folder of voices, and lists them."""
