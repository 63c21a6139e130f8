"""The face of a run: what the terminal shows and what `run.log` keeps. Hook plugins like any other's."""
