"""Files that a node reads through what no hook of Python's tells of, or by what is taken for an import."""

from tests.torture.case import NOTHING, Build, Case, Edit, write
from tests.torture.parts import X, collector

CASES: list[Case] = []
case = collector(CASES)

K = "--- data/k.csv\na\n1\n"
PACK = "--- pack/__init__.py\n--- pack/words.txt\na\n1\n"


def read(
    case_id: str,
    body: str,
    top: str = "",
    files: str = K,
    edits: tuple[Edit, ...] = (),
    *,
    level: bool = False,
) -> None:
    """Add a case: what the body reads is edited, and the node must run, then and only then.

    With `level` it is read while the module is imported.
    """
    lines = body.replace("\n", "\n    ")
    made = f"def _find():\n    {lines}\n\nVALUE = _find()\n" if level else ""
    node = "return VALUE" if level else lines
    case(
        case_id,
        f'--- nodes.py\n{top}\n{made}\ndef b() -> object:\n    ran("b")\n    {node}\n\ndef c(x: int) -> int:\n'
        f'    ran("c")\n    return x\n{files}',
        NOTHING,
        Build("b", edits=edits or (write("data/k.csv", "a\n2\n"),)),
        NOTHING,
        target="b c",
        **X,
    )


def words(case_id: str, body: str, top: str = "") -> None:
    """Add two cases of a file inside a package: read in the node, and while importing."""
    edits = (write("pack/words.txt", "a\n2\n"),)
    read(case_id, body, top, PACK, edits)
    read(f"{case_id}_at_import", body, top, PACK, edits, level=True)


def tool(case_id: str, body: str, top: str = "") -> None:
    """Add a case of a file of Python that is run, not imported."""
    read(case_id, body, top, "--- tool.py\nRESULT = 1\n", (write("tool.py", "RESULT = 2\n"),))


LIBC = "import ctypes\nimport os\nLIBC = 'c'"
IN_C = "libc = ctypes.CDLL(None)\nfd = libc.open(b'data/k.csv', 0)\ntry:\n    return os.read(fd, 99).decode()\nfinally:\n    os.close(fd)"
SPEC = "s = u.spec_from_file_location('tool', 'tool.py'); m = u.module_from_spec(s); s.loader.exec_module(m); return m.RESULT"
HELPER = "from joblib import Parallel, delayed\n\ndef _read(path):\n    return open(path).read()"

read("reader_in_c", IN_C, LIBC)
read("reader_in_c_at_import", IN_C, LIBC, level=True)
read("reader_pyarrow_stream", "return pa.input_stream('data/k.csv').read().decode()", "import pyarrow as pa")
read("reader_pyarrow_os_file", "return pa.OSFile('data/k.csv').read().decode()", "import pyarrow as pa")
read(
    "reader_pyarrow_file_system",
    "return fs.LocalFileSystem().open_input_file('data/k.csv').read().decode()",
    "from pyarrow import fs",
)
read(
    "reader_polars_sql",
    "return pl.sql(\"select * from read_csv('data/k.csv')\", eager=True).rows()",
    "import polars as pl",
)
read(
    "reader_duckdb_quoted_as_a_name",
    "return duckdb.sql('select * from \"data/k.csv\"').fetchall()",
    "import duckdb",
)
read(
    "reader_duckdb_found_by_names",
    "return duckdb.sql('select * from \"data/*.csv\" order by a').fetchall()",
    "import duckdb",
    edits=(write("data/l.csv", "a\n2\n"),),
)
read(
    "reader_duckdb_bound",
    "return duckdb.execute('select * from read_csv($1)', ['data/k.csv']).fetchall()",
    "import duckdb",
)
read(
    "reader_process", "return subprocess.check_output(['cat', 'data/k.csv'], text=True)", "import subprocess"
)
read(
    "reader_program_of_the_project",
    "return subprocess.check_output([sys.executable, 'tool.py'], text=True)",
    "import subprocess\nimport sys",
    "--- tool.py\nimport lib\nprint(lib.X)\n--- lib.py\nX = 1\n",
    (write("lib.py", "X = 2\n"),),
)
read("reader_joblib", "return Parallel(n_jobs=2)(delayed(_read)(p) for p in ['data/k.csv'] * 2)", HELPER)
read(
    "reader_relative_to_an_open_folder",
    "folder = os.open('data', os.O_RDONLY)\nfd = os.open('k.csv', os.O_RDONLY, dir_fd=folder)\n"
    "try:\n    return os.read(fd, 99).decode()\nfinally:\n    os.close(fd)\n    os.close(folder)",
    "import os",
)
words(
    "reader_get_data", "return pkgutil.get_data('pack', 'words.txt').decode()", "import pkgutil\nimport pack"
)
words(
    "reader_loader_get_data",
    "return pack.__loader__.get_data(pack.__path__[0] + '/words.txt').decode()",
    "import pack",
)
words(
    "reader_resources",
    "return resources.files(pack).joinpath('words.txt').read_text()",
    "from importlib import resources\nimport pack",
)
words(
    "reader_linecache",
    "linecache.checkcache()\nreturn linecache.getline('pack/words.txt', 2)",
    "import linecache",
)
tool("reader_run_path", "return runpy.run_path('tool.py')['RESULT']", "import runpy")
tool("reader_spec_from_location", SPEC, "import importlib.util as u")
