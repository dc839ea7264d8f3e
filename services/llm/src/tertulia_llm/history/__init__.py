"""A conversation's history: from the store, or from the streams if the store is unavailable. Interrupted replies are
shortened to the part that the user heard.
"""
