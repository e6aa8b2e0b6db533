"""Executors run steps: in this process, or on a Ray cluster."""
