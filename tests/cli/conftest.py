"""What tests of the command line share."""

from collections.abc import Iterator

import pytest

from tests.cli.sessions import WarmCommands, warm_commands


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCommands]:
    """Commands in processes forked from warm ones, for what is no question of how a process starts."""
    with warm_commands(tmp_path_factory.mktemp("printed")) as opened:
        yield opened
