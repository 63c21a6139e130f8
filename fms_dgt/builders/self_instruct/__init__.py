"""Self-Instruct: a pool of instructions that grows from a few seeds, or queries about given texts."""
