"""Small projects, one edit each, and the exact set of functions that must run in the next build."""
