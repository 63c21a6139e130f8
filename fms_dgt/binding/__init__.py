"""From a plan to tasks that can run: names resolved, templates compiled, wiring checked."""
