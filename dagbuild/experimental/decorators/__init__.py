"""Hamilton's address of decorators that are an experiment there."""
