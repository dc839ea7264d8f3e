"""The engine `espeak`: espeak-ng in this process. See `engine`."""
