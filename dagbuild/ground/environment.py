"""Environment variables as grounds of a value: named by one or by all of them, and never told.

Needs nothing that Python has not loaded, so that the shortest path can ask. Knows nothing of who reads them. Guards:
what is kept of a variable is neither its value, which may be a secret, nor a digest that can be guessed.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "*"
"""Stands for all variables, with their values, but for those that tell the surroundings."""

NAMES = "*="
"""Stands for the names of the same."""

WHOLE = "**"
"""Stands for all variables, whatever they tell."""

SURROUNDINGS = frozenset({
    # the user and the machine
    "HOME", "USER", "LOGNAME", "USERNAME", "USERPROFILE", "MAIL", "SHELL", "HOST", "HOSTNAME", "HOSTTYPE", "MACHTYPE",
    "OSTYPE", "COMPUTERNAME", "PATH", "MANPATH", "INFOPATH", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV",
    # the folder, the command, the shell that gave it
    "PWD", "OLDPWD", "_", "SHLVL", "PS1", "PS2", "PROMPT", "PROMPT_COMMAND", "HISTFILE", "HISTSIZE", "EDITOR", "VISUAL",
    "PAGER", "LESS", "LS_COLORS", "LSCOLORS",
    # the terminal
    "TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERMINFO", "TMUX", "STY", "WINDOW",
    "WINDOWID",
})  # fmt: skip
_FAMILIES = (
    "TERM_", "TMUX_", "VTE_", "ITERM_", "KITTY_", "KONSOLE_", "WEZTERM_", "ALACRITTY_", "WT_", "VSCODE_", "LC_TERMINAL",
    "SSH_", "XDG_", "DBUS_", "DESKTOP_", "GNOME_", "GTK_", "QT_", "DISPLAY", "WAYLAND_", "SESSION_", "SECURITYSESSION",
    "LESS", "INVOCATION_", "JOURNAL_", "SYSTEMD_", "VIRTUAL_ENV_", "DAGBUILD_", "_DAGBUILD_", "PYTEST_", "RAY_",
)  # fmt: skip


def tells_surroundings(name: str) -> bool:
    """Tell whether a variable says who asks, from where: the user, the machine, the folder, the terminal, the session.

    None of them is part of what a value is made of, and some are set anew for each window, login and command.
    """
    return name in SURROUNDINGS or name.startswith(_FAMILIES)


class Variables:
    """What one project keeps of variables: digests that nobody can guess who has not its salt, and of some nothing.

    `ignored` are variables that do not count, such as a token of which everybody has one of their own.
    """

    def __init__(self, salt: bytes = b"", ignored: "tuple[str, ...]" = ()) -> None:
        self.salt = salt
        self.ignored = ignored

    def hide(self, name: str, environ: "Mapping[str, str]") -> "str | None":
        """Return what may be kept of a variable, or of what a name like ALL stands for; None for one that is not set.

        The name is mixed in, so that equal values do not show.
        """
        if name in (ALL, NAMES, WHOLE):
            names = sorted(
                each
                for each in environ
                if (name == WHOLE or not tells_surroundings(each)) and each not in self.ignored
            )
            values = () if name == NAMES else [environ[each] for each in names]
            value = "\0".join((*names, "", *values))
        elif name in environ:
            value = environ[name]
        else:
            return None
        return self.digest(f"{name}\0{value}")

    def digest(self, text: str) -> str:
        """Return a digest of a text that may hold a secret, for who has the salt to compare."""
        from hashlib import blake2b

        data = text.encode("utf-8", "surrogatepass")
        # Keys are 64 bytes at most.
        key = blake2b(self.salt).digest() if self.salt else b""
        return blake2b(data, digest_size=16, key=key, person=b"dagbuild env").hexdigest()
