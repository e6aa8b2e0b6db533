"""The garbage collector is spared for a while, and is afterwards what it was."""

from __future__ import annotations

import gc
import weakref

import pytest

from dagbuild.ground import gc_pause


class Ring:
    def __init__(self) -> None:
        self.me = self


def test_paused_collects_nothing_and_then_as_before() -> None:
    """Also when what was done meanwhile failed, and for who had switched it off."""
    with pytest.raises(ZeroDivisionError), gc_pause.paused():
        assert not gc.isenabled()
        1 / 0
    assert gc.isenabled()

    gc.disable()
    try:
        with gc_pause.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_sparing_leaves_alone_what_is_there_and_collects_the_rest() -> None:
    """What is made while nodes run goes as always; what was there before goes afterwards."""
    old = weakref.ref(Ring())
    with gc_pause.sparing():
        new = weakref.ref(Ring())
        gc.collect()
        assert old() is not None
        assert new() is None

    assert gc.get_freeze_count() == 0
    gc.collect()
    assert old() is None


def test_what_somebody_else_has_frozen_stays_so() -> None:
    """A server that froze its heap before it forked keeps it frozen."""
    gc.freeze()
    try:
        with gc_pause.sparing():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_what_was_made_while_paused_counts_as_old() -> None:
    """Else the next collections would walk over all of it, one after the other."""
    with gc_pause.paused():
        rings = [Ring() for _ in range(100)]

    old = {id(each) for each in gc.get_objects(generation=2)}
    assert all(id(ring.__dict__) in old or id(ring) in old for ring in rings)
    assert gc.get_freeze_count() == 0

    gc.freeze()
    try:
        with gc_pause.paused():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
