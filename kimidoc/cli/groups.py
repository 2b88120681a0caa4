"""How groups of options become a command's parameters, and settings.

``flat`` spreads the fields of the groups that a command takes (``reading: Reading``) into options
for typer, and puts them together again for the command; ``settle`` makes settings of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

from kimidoc import config
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """``command`` with every parameter that is a group spread into the group's options."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    spread: list[Parameter] = []
    for parameter in signature(command).parameters.values():
        if (group := groups.get(parameter.name)) is None:
            spread.append(parameter.replace(annotation=hints[parameter.name]))
            continue
        annotations = get_type_hints(group, include_extras=True)
        spread += (
            Parameter(
                item.name,
                Parameter.KEYWORD_ONLY,
                default=item.default,
                annotation=annotations[item.name],
            )
            for item in fields(group)
        )
    # Two groups never share a name: Signature refuses duplicates.
    parameters = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in spread]

    def call(**given: Any) -> None:
        for name, group in groups.items():
            assert isinstance(group, type)
            given[name] = group(**{item.name: given.pop(item.name) for item in fields(group)})
        command(**given)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def settle(
    streams: Streams,
    manner: Manner,
    *groups: object,
    roots: Sequence[str] = (),
    playbooks: Sequence[str] | None = None,
) -> config.Loaded:
    """The settings under these options; the streams behave by them from here on.

    Raises ConfigError. Notices about the settings go to stderr.
    """
    flags: dict[str, object] = {"playbooks": tuple(playbooks or ())}
    for group in (manner, *groups):
        for item in fields(group):  # type: ignore[arg-type]
            value = getattr(group, item.name)
            if item.name in config.NAMES and value is not False:
                flags[item.name] = tuple(value) if isinstance(value, list) else value
    if manner.no_color:
        flags["color"] = "never"
    loaded = config.load(flags, config=manner.config, roots=roots)
    settings = loaded.settings
    streams.settle(quiet=settings.quiet, color=settings.color, debug=settings.debug)
    for notice in loaded.notices:
        streams.warning(notice)
    return loaded
