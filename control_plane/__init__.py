"""What should exist, what does exist, and how the gap is closed."""
