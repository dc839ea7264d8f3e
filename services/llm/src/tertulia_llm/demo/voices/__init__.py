"""What the demo's characters can say, one file a character; `general` speaks for everybody else."""
