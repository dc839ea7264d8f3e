"""The languages whose words are known: one module each."""
