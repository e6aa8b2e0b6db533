"""`dagbuild key new|show|list`: the key that signs what this machine publishes, and whose are trusted here."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give, say
from dagbuild.ground.author import author
from dagbuild.ground.errors import InputError
from dagbuild.ground.signing import SigningKey


@click.group("key")
def command() -> None:
    """Keys for the team's cache: what you publish is signed by yours, and projects say whose they trust."""


@command.command("new")
@click.option("--name", metavar="NAME", help="Whose it is; else what git or the system calls you.")
def new(name: str | None) -> int:
    """Make a key, and print its line for `trusted` under [remote] of dagbuild.toml.

    The private half stays in your configuration folder. A key that is there is never replaced.
    """
    from dagbuild.settings import make_key

    key, path = make_key("-".join((name or author() or "me").split()))
    say(f"the private key is in {path}: keep it to yourself")
    say("the line for `trusted` under [remote]:")
    give(_line(key))
    return 0


@command.command("show")
def show() -> int:
    """Print your key's line for `trusted` under [remote] of dagbuild.toml: the public half."""
    give(_line(_get_key()))
    return 0


@command.command("list")
@json_option
@with_session
def list_(session: Session, as_json: bool) -> int:
    """Say whose results this project takes from the remote, and who you are."""
    from dagbuild.report.style import columns
    from dagbuild.settings import find_key

    remote, key = session.settings.remote, find_key()
    signers = remote.signers if remote else {}
    own = key.public if key else None
    if as_json:
        trusted = [{"name": name, "key": public} for public, name in signers.items()]
        unsigned = remote.takes_unsigned if remote else "no"
        give(json.dumps({"you": own, "trusted": trusted, "unsigned": unsigned}, indent=2))
        return 0
    rows = [(name, public, "you" if public == own else "") for public, name in signers.items()]
    if key and own not in signers:
        rows.append((key.name, key.public, "you; others do not trust this key yet"))
    for line in columns(rows, session.out, ("name", "key", "")) if rows else ["nobody is trusted here"]:
        give(line)
    if key is None:
        say("you have no key: what you publish is not signed (`dagbuild key new` makes one)")
    return 0


def _line(key: SigningKey) -> str:
    return f"{key.name} {key.public}"


def _get_key() -> SigningKey:
    from dagbuild.settings import find_key

    key = find_key()
    if key is None:
        raise InputError("you have no key", hint="`dagbuild key new` makes one")
    return key
