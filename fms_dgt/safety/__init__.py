"""What keeps a stranger's input harmless: environment, child processes, files, bounded work, terminal text.

A module each. Everything above `errors` may use them; they know nothing of what is above.
"""
