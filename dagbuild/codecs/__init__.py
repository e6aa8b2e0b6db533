"""Codecs turn values into typed forms and buffers, and back.

To store a type of one's own: subclass `Codec` and put `@codec(TheType)` above it.
"""

from dagbuild.codecs.base import Codec, Declined, Piece, Reader, Writer
from dagbuild.codecs.registry import Registry, codec

__all__ = ["Codec", "Declined", "Piece", "Reader", "Registry", "Writer", "codec"]
