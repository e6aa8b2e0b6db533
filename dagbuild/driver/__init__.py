"""The Python face: our own Driver, over the same Project that the command line uses, and Hamilton's with its Builder.

`dagbuild.Driver` is ours; `dagbuild.driver.Driver` is Hamilton's, at Hamilton's address.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from dagbuild.driver.builder import Builder
    from dagbuild.driver.hamilton import Driver
    from dagbuild.driver.nodes import HamiltonNode as Variable

__all__ = ["Builder", "Driver", "Variable"]


def __getattr__(name: str) -> object:
    import importlib  # here: our own driver needs neither

    homes = {
        "Builder": ("builder", "Builder"),
        "Driver": ("hamilton", "Driver"),
        "Variable": ("nodes", "HamiltonNode"),
    }
    if name not in homes:
        raise AttributeError(f"module 'dagbuild.driver' has no attribute '{name}'")
    home, there = homes[name]
    return getattr(importlib.import_module(f"dagbuild.driver.{home}"), there)
