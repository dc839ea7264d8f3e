"""Decides which entries of lorebooks go into a prompt. Pure (ADR 30)."""
