"""Tips, and what they are made with."""
