"""Costs: rated lines of clusters as customers see them, what was spent, and previews of both."""
