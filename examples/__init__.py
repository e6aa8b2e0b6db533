"""Projects to read, run and copy."""
