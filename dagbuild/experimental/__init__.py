"""Hamilton's older addresses of what is in `plugins`."""
