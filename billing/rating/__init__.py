"""Rating: pure functions from quantities and prices to lines that say how they came about."""
