"""Decide, of everything that is asked for, what is right already and why the rest is not. Runs and writes nothing."""
