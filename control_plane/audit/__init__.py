"""What was done, by whom, and what was refused: append-only and hash-chained."""
