"""Preferences: several answers to each prompt, judged, the best and the worst as a pair."""
