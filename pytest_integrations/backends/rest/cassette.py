"""What a real service has answered, kept in a file that people can read, and answered again."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args
from weakref import WeakValueDictionary

from pytest_integrations.core.errors import ScriptingError

from .interaction import Interaction
from .redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_integrations.core.call import HttpCall
    from pytest_integrations.core.reply import Reply

__all__ = ["Cassette", "RecordMode"]

RecordMode = Literal["once", "none", "new_episodes", "all"]
"""As vcrpy has them.

`"once"`: record if there is no file yet, else answer from it alone; `"none"`: answer from it alone; `"new_episodes"`:
answer from it, and record what is not in it; `"all"`: ask the service every time, and write the file anew.
"""

_FORMAT = 1
_HALVES = re.compile("[\ud800-\udfff]")
"""Of characters that a server cut in two, and JSON may have; a file can only have them as JSON escapes them."""


_being_recorded: WeakValueDictionary[Path, Cassette] = WeakValueDictionary()


class Cassette:
    """A file of requests and their answers.

    Secrets do not get into it: what goes by the usual names (`Authorization`, `Cookie`, `Set-Cookie`, `X-Api-Key`,
    `access_token`, `password`, …) in header fields, queries, forms and JSON, and by those of *secrets*, is written as
    `REDACTED`, and so are these values wherever else they turn up. The client itself gets everything as it is.

    A request is answered by what was recorded for its method, path and query, secrets left aside: in the order of the
    recording, one with the same body first, and the last again and again.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, mode: RecordMode | None = None, secrets: Iterable[str] = ()
    ) -> None:
        """Keep answers at *path*; the flag `--integrations-record` goes before *mode*, which is else `"once"`."""
        __tracebackhide__ = True
        if isinstance(secrets, str):
            msg = f"secrets={secrets!r} is one name: give a list of them, such as [{secrets!r}]"
            raise ScriptingError(msg)
        self.path: Path = Path(path)
        self.mode: RecordMode | None = _known(mode)
        self.secrets: tuple[str, ...] = tuple(secrets)
        self.records: bool = False
        """Whether a request that it does not have goes on to the service."""
        self._interactions: list[Interaction] = []
        self._loaded = 0
        """How many of them were in the file; those that come now are for later runs."""
        self._played: set[int] = set()
        self._is_changed = False
        self._is_inserted = False

    @classmethod
    def of(cls, wanted: object) -> Cassette:
        """Read what a test has written: a cassette, or the path of one."""
        __tracebackhide__ = True
        if isinstance(wanted, Cassette):
            return wanted
        if isinstance(wanted, str | os.PathLike):
            return cls(wanted)
        msg = f"record={wanted!r} is not a cassette: valid are the path of a file, and Cassette(path, ...)"
        raise ScriptingError(msg)

    # -- life

    def insert(self, mode: RecordMode | None) -> None:
        """Read the file; *mode* goes before the cassette's own."""
        __tracebackhide__ = True
        mode = _known(mode) or self.mode or "once"
        exists = self.path.is_file()
        if self.path.is_dir():
            msg = (
                f"{str(self.path)!r} is a directory: give the path of a file, such as {str(self.path / 'shop.json')!r}"
            )
            raise ScriptingError(msg)
        if mode == "none" and not exists:
            msg = (
                f"there is no cassette {str(self.path)!r}, and mode 'none' records nothing: "
                "record it with --integrations-record=once"
            )
            raise ScriptingError(msg)
        self.records = mode in {"all", "new_episodes"} or (mode == "once" and not exists)
        self._claim()
        self._interactions = self._read() if exists and mode != "all" else []
        self._loaded = len(self._interactions)
        self._played = set()
        self._is_changed = False

    def _claim(self) -> None:
        """Refuse a file that another fake is recording: of two that write it anew, the first does so in vain."""
        __tracebackhide__ = True
        if not self.records:
            return
        if _being_recorded.setdefault(self.path.resolve(), self) is not self or self._is_inserted:
            msg = f"{str(self.path)!r} is being recorded by another fake: give each fake a file of its own"
            raise ScriptingError(msg)
        self._is_inserted = True

    def _read(self) -> list[Interaction]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["cassette"] != _FORMAT:
                msg = f"its format is {content['cassette']!r}, where {_FORMAT} is known"
                raise ValueError(msg)  # noqa: TRY301 -- told like all that is wrong with it
            return [Interaction.read(each) for each in content["interactions"]]
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            msg = f"{str(self.path)!r} cannot be read as a cassette ({why}): delete it to record it anew"
            raise ScriptingError(msg) from error

    def eject(self, upstream: str) -> None:
        """Write the file, if there is anything new; *upstream* is the service that has answered."""
        if self._is_inserted:
            self._is_inserted = False
            _being_recorded.pop(self.path.resolve(), None)
        if not self._is_changed:
            return
        self._is_changed = False
        told = [each.written() for each in self._interactions]
        content = {"cassette": _FORMAT, "upstream": upstream, "interactions": told}
        text = json.dumps(content, indent=2, ensure_ascii=False)
        text = _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Beside it and then in its place, so that nobody reads half of it, of two workers that record it neither.
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False
        ) as file:
            file.write(f"{text}\n")
        Path(file.name).chmod(0o644)
        Path(file.name).replace(self.path)

    # -- playing and recording

    def play(self, call: HttpCall) -> Reply | None:
        """Return what was recorded for *call*, or None."""
        asked = Interaction.of(call, None, Redaction(self.secrets))
        fitting = [
            (number, each) for number, each in enumerate(self._interactions[: self._loaded]) if each.is_for(asked)
        ]
        if self.records:
            fitting = [(number, each) for number, each in fitting if each.has_body_of(asked)]
        if not fitting:
            return None
        # What was not played yet goes first, and of that what has the same body; of what was played the last.
        number, chosen = min(
            fitting,
            key=lambda entry: (
                entry[0] in self._played,
                not entry[1].has_body_of(asked),
                -entry[0] if entry[0] in self._played else entry[0],
            ),
        )
        self._played.add(number)
        return chosen.reply()

    def record(self, call: HttpCall, reply: Reply) -> None:
        """Keep that *call* was answered by *reply*, without their secrets."""
        self._interactions.append(Interaction.of(call, reply, Redaction(self.secrets)))
        self._is_changed = True

    def nearest(self, call: HttpCall) -> list[str]:
        """Return in words what was recorded for the same path as *call*, or else at all."""
        asked = Interaction.of(call, None, Redaction(self.secrets))
        same = [each for each in self._interactions if each.path == asked.path]
        return list(dict.fromkeys(f"{each.method} {each.target}" for each in same or self._interactions))

    def __repr__(self) -> str:
        """Show the path, and the mode if there is one."""
        return f"Cassette({str(self.path)!r}{f', mode={self.mode!r}' if self.mode else ''})"


def _known(mode: RecordMode | None) -> RecordMode | None:
    if mode is not None and mode not in get_args(RecordMode):
        msg = f"mode={mode!r} is not a way to record: valid are {', '.join(map(repr, get_args(RecordMode)))}"
        raise ScriptingError(msg)
    return mode
