"""The sources of weights. Each one puts files into a folder, unchecked; the fetcher checks their hashes.

A source raises `SourceFailed` if it cannot give every file. It keeps what it has fetched, so that the next attempt
continues there.
"""
