"""The Python face: our own Driver, over the same Project that the command line uses, and Hamilton's with its Builder.

`dagbuild.Driver` is ours; `dagbuild.driver.Driver` is Hamilton's, at Hamilton's address.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from dagbuild.driver.builder import Builder
    from dagbuild.driver.hamilton import Driver

__all__ = ["Builder", "Driver"]


def __getattr__(name: str) -> object:
    import importlib  # here: our own driver needs neither

    homes = {"Builder": "builder", "Driver": "hamilton"}
    if name not in homes:
        raise AttributeError(f"module 'dagbuild.driver' has no attribute '{name}'")
    return getattr(importlib.import_module(f"dagbuild.driver.{homes[name]}"), name)
