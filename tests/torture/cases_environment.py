"""The environment: looked up by a name that is spelled nowhere near, through a library, or all of it at once."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import X, collector, const, one

CASES: list[Case] = []
case = collector(CASES)

EU = {"REGION": "eu", "APP_MODE": "fast", "OTHER": "1", "SHLVL": "1"}
ELSEWHERE = Build(env={**EU, "SHLVL": "2", "TERM_SESSION_ID": "w0", "PWD": "/", "_": "/usr/bin/env"})
UNRELATED = Build(env={**EU, "OTHER": "2", "MORE": "1"})
MAY_RUN = Build(maybe="b", env={**EU, "OTHER": "2", "MORE": "1"})
US = Build("b", env={**EU, "REGION": "us"})

BY_NAME = {
    "alias": ("_E = os.environ", "_E['REGION']"),
    "bound_get": ("_get = os.environ.get", "_get(''.join(['REG', 'ION']))"),
    "alias_of_getenv": ("_get = os.getenv", "_get('REG' + 'ION')"),
    "alias_elsewhere": ("import lib", "lib.E[lib.NAME]"),
    "expandvars": ("", "os.path.expandvars('$REGION/x')"),
    "expandvars_of_a_constant": ("from lib import PLACE", "os.path.expandvars(PLACE)"),
    "template": ("from string import Template", "Template('$REGION').substitute(os.environ)"),
    "format_map": ("", "'{REGION}'.format_map(os.environ)"),
    "copy": ("", "os.environ.copy().get('REGION')"),
    "dict": ("", "dict(os.environ)['REGION']"),
    "stars": ("", "{**os.environ, 'X': '1'}['REGION']"),
    "or": ("", "({'X': '1'} | os.environ)['REGION']"),
    "bytes": ("", "os.fsdecode(os.environb[b'REGION'])"),
}
LIB = "--- lib.py\nimport os\nE = os.environ\nNAME = 'REGION'\nPLACE = '${REGION}/x'\n"

for name, (top, body) in BY_NAME.items():
    case(
        f"variable_{name}",
        one(f"import os\n{top}", body) + LIB,
        NOTHING,
        ELSEWHERE,
        UNRELATED,
        US,
        Build(env={**EU, "REGION": "us"}),
        Build(env=EU),  # its record is still there
        env=EU,
        **X,
    )

ALL = {
    "names": "sorted(k for k in os.environ if k[:3] == 'REG') + [os.environ[k] for k in os.environ if k == 'REGION']",
    "items": "[(k, v) for k, v in os.environ.items() if k.startswith('REG')]",
    "dict_handed_on": "lib.pick(dict(os.environ))",
    "handed_on": "lib.pick(os.environ)",
    "keywords": "'{REGION}'.format(**os.environ)",
    "made_elsewhere": "lib.take()['REGION']",
}
PICK = (
    "--- lib.py\nimport os\n\ndef pick(env):\n    return env[''.join(['REG', 'ION'])]\n\n"
    "def take():\n    return os.environ.copy()\n"
)
for name, body in ALL.items():
    case(
        f"all_variables_{name}",
        one("import os\nimport lib", body) + PICK,
        NOTHING,
        ELSEWHERE,
        MAY_RUN,
        US,
        env=EU,
        **X,
    )

AT_IMPORT = {
    "alias": "_E = os.environ\n_K = _E['REGION']",
    "expandvars": "_K = os.path.expandvars('$REGION')",
    "template": "from string import Template\n_K = Template('$REGION').substitute(os.environ)",
    "copy": "_K = os.environ.copy().get('REGION')",
    "stars": "_K = {**os.environ, 'X': '1'}['REGION']",
    "names": "for _k in os.environ:\n    if _k == 'REGION':\n        _K = os.environ[_k]\n_k = ''",
    "items": "_K = sorted(f'{k}={v}' for k, v in os.environ.items() if k.startswith('REG'))",
}
for name, top in AT_IMPORT.items():
    case(
        f"variable_at_import_{name}",
        const(f"import os\n{top}", "_K"),
        NOTHING,
        ELSEWHERE,
        UNRELATED,
        Build("a b", env={**EU, "REGION": "us"}),
        env=EU,
        **X,
    )
case(
    "variable_name_changed",
    one("import os\n_E = os.environ", "_E.copy()['REGION']"),
    NOTHING,
    Build("b", edits=[sub("nodes.py", "REGION", "APP_MODE")]),
    Build("b", env={**EU, "APP_MODE": "slow"}),
    env=EU,
    **X,
)
