"""Hamilton's address of checks of values."""
