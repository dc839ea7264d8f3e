"""The engine `pocketsphinx`: recognition with no key, no GPU and no download. See `engine`."""
