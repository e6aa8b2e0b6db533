"""Values from files and to files, by the file's suffix: the one way in and out, for every face of dagbuild.

`read_file` and `write_file` are for everybody; what a suffix means for which values is in the files beside this one.
Knows no nodes, no stores and no command line. Guards: a file that is there stays whole until the new one is.
"""

from dagbuild.project.exchange.beside import refuse_url, told, write_bytes
from dagbuild.project.exchange.reading import read_file
from dagbuild.project.exchange.writing import find_suffixes, write_file

__all__ = ["find_suffixes", "read_file", "refuse_url", "told", "write_bytes", "write_file"]
