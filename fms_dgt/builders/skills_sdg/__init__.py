"""Skills: instruction and response pairs in the manner of a few seed examples."""
