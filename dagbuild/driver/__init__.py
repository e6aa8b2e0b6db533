"""The Python face: a driver in the manner of Hamilton's, and what it makes of the values of its targets."""
