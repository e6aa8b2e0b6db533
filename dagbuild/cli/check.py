"""`dagbuild check`: what no fingerprint and no observation may see, and whether a node is deterministic."""

from __future__ import annotations

import json

import click

from dagbuild.cli.session import Session, json_option, with_session
from dagbuild.cli.terminal import give


@click.command("check")
@click.argument("nodes", metavar="[NODE]...", nargs=-1)
@click.option("--determinism", metavar="NODE", help="Run NODE twice from the same inputs and compare.")
@json_option
@with_session
def command(session: Session, nodes: tuple[str, ...], determinism: str | None, as_json: bool) -> int:
    """List what a build may not see of NODES, of all unless named: clocks, chance, processes, the network...

    In their code, and in the runs whose values are used; runs nothing. Listed too: what those runs were seen to read
    and is no input, where more counts than is used, and nodes that give an iterator, and so are never cached.
    With --determinism, run a node twice from what is in the cache: exit status 1 says that its two values differ.
    """
    if determinism is not None:
        return _check_determinism(session, determinism, as_json)
    from dagbuild.report.suspicions import suspicions_to_json, tell_suspicions

    session.check_names(nodes)
    found = session.project.find_suspicions(nodes)
    iterators = session.project.find_iterators(nodes)
    if as_json:
        give(json.dumps(suspicions_to_json(found.notes, found.observed, iterators), indent=2))
    else:
        give("\n".join(tell_suspicions(found.notes, found.observed, iterators, found.unknown)))
    return 0


def _check_determinism(session: Session, node: str, as_json: bool) -> int:
    from dagbuild.project.calls import split_name
    from dagbuild.project.determinism import check_determinism

    session.check_names([split_name(node)[0]])
    differences = check_determinism(session.project, node)
    if as_json:
        plain = [{"part": d.part, "first": d.first, "second": d.second} for d in differences]
        give(json.dumps({"node": node, "deterministic": not differences, "differences": plain}, indent=2))
    elif not differences:
        give(f"{node} gave the same value twice")
    else:
        give("\n".join([f"{node} gave two values:", *(f"  {difference}" for difference in differences)]))
    return 1 if differences else 0
