"""Hamilton's address of what loads and saves values."""
