"""Hamilton's address of a decorator that a frame says what to do."""

from dagbuild.modifiers.older import parameterize_frame

__all__ = ["parameterize_frame"]
