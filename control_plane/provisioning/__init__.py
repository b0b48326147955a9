"""Where a cluster's broker processes run, and what is different from engine to engine."""
