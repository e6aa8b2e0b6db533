"""A library's module that some other code imports, sooner or later, is the same to the fingerprint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support import write_files

NODES = """
    import importlib
    import xml

    import numpy as np
    import scipy

    def node() -> float:
        np.random.seed(1)
        found = importlib.util.find_spec("json"), xml.dom.minidom.parseString("<a/>")
        return np.fft.fft([1.0])[0] + scipy.stats.norm.mean() + len(found)
"""

LOOK = """
import sys
{before}
from dagbuild.project.project import Project

project = Project.load(sys.argv[1])
request, _ = project.look(["node"])
print(request.manifest("node").fingerprint)
"""


def test_what_is_imported_before_does_not_count(tmp_path: Path) -> None:
    """Modules that nothing has imported yet, and that a library imports when it is asked for them."""
    write_files(tmp_path, {"dagbuild.toml": 'modules = ["nodes"]\n', "nodes.py": NODES})

    digests = {
        subprocess.run(
            [sys.executable, "-c", LOOK.format(before=before), tmp_path],
            capture_output=True, text=True, check=True,
        ).stdout
        for before in ("", "import importlib.util, numpy.random, numpy.fft, scipy.stats, xml.dom.minidom")
    }  # fmt: skip

    assert len(digests) == 1
