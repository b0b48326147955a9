"""`make demo`: Headrace's main job on real data, and a broker killed while it does it."""
