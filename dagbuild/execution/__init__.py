"""Hamilton's address of executors and groupings."""
