"""The commands by section, and what each is for: all that help needs to know of them."""

from __future__ import annotations

SECTIONS: dict[str, dict[str, str]] = {
    "Build": {
        "build": "Build targets: reuse what is right, compute the rest.",
        "status": "Say what is fresh, and what is stale and why.",
        "plan": "Say what a build would do.",
        "watch": "Build again whenever a file is saved.",
        "explain": "Say why a node is fresh or stale, part by part.",
        "debug": "Run a node that fails and stop in the debugger where it does.",
    },
    "Look": {
        "list": "List the nodes, or some of them.",
        "graph": "Draw the graph, coloured by status.",
        "show": "Show a node's value: its head, columns and statistics.",
        "export": "Write a node's value to a file.",
        "log": "Say what was built when, by whom and how long it took.",
        "lineage": "Say what a node's value was made from, all the way up.",
    },
    "Keep": {
        "pin": "Put a value in a node's place for the project.",
        "unpin": "Let go of a pin.",
        "pins": "List the pins, and what each stands in front of.",
        "accept": "Say that a change does not alter values.",
        "key": "Make and show the key that signs what is published.",
        "push": "Send to the remote what it does not have.",
        "fetch": "Bring values from the remote into the cache, to work without it.",
        "doctor": "Look whether settings, cache, key and remote work.",
        "stats": "Say which nodes take the cache's space, and what they cost to make.",
        "gc": "Make room in the cache or the remote.",
        "verify": "Find what is damaged in the cache or the remote.",
        "check": "Say what the nodes' code does that a build cannot see.",
        "init": "Make a small working project.",
        "migrate": "Rewrite a Hamilton project's imports to dagbuild.",
    },
}
COMMANDS = {name: about for section in SECTIONS.values() for name, about in section.items()}
