"""The lines of the demo's characters, one file each; `general` is for all other characters."""
