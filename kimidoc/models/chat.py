"""A model's chat template as token ids around what we put into it.

    preamble | the window | question ids | closing      ->  the assistant writes
                                         | between | the next question | closing  -> …

The template is rendered once per piece with a marker in the user's place and cut there: its own
words are encoded with special tokens, everything of ours and of the documents' without. Templates
are Jinja from a checkpoint, so they run in a sandbox. The date that some print is fixed, because
the same documents must give the same window tomorrow. A checkpoint without a template gets blank
lines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kimidoc.errors import ModelError
from kimidoc.models import folder
from kimidoc.models.tokenizer import FileTokenizer

DATE = "2025-01-01"
_USER, _REPLY, _AGAIN = "kimidocUSERmark", "kimidocREPLYmark", "kimidocAGAINmark"
_SYSTEM = "kimidocSYSTEMmark"


@dataclass(frozen=True, slots=True)
class ChatFrame:
    """Token ids of a conversation's fixed parts.

    ``preamble_ids`` open the window, up to where the user's text begins; ``closing_ids`` end the
    user's turn and open the assistant's; ``between_ids`` end the assistant's and open the user's
    next; any of ``stop_ids`` ends what the assistant writes. ``templated``: from the checkpoint's
    own template.
    """

    preamble_ids: tuple[int, ...]
    opening_ids: tuple[int, ...]
    closing_ids: tuple[int, ...]
    between_ids: tuple[int, ...]
    stop_ids: frozenset[int]
    templated: bool

    def question(self, ids: Sequence[int]) -> list[int]:
        """A question's tokens with what stands between the window, it, and the answer."""
        return [*self.opening_ids, *ids, *self.closing_ids]


def frame(where: Path, tokenizer: FileTokenizer, system: str = "") -> ChatFrame:
    """The frame of the checkpoint in ``where``; ``system`` is what we tell the model first.

    Raises ModelError when the template cannot be rendered.
    """
    settings = folder.read_json(where / "tokenizer_config.json") or {}
    template = _template(where, settings)
    stops = _stop_ids(where, settings, tokenizer)
    if template is None:
        return _plain(tokenizer, system, stops)
    try:
        return _templated(_Renderer(template, settings), tokenizer, system, stops)
    except (TemplateError, ValueError) as reason:
        raise ModelError(
            f"The chat template in {where} cannot be used ({reason}).",
            hint="Mend chat_template.jinja in that folder, or remove it to go without.",
        ) from None


def _template(where: Path, settings: dict[str, Any]) -> str | None:
    file = where / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    found = settings.get("chat_template")
    if isinstance(found, list):  # several by name, as older checkpoints have them
        named = {str(t.get("name")): t.get("template") for t in found if isinstance(t, dict)}
        found = named.get("default")
    return found if isinstance(found, str) and found.strip() else None


def _name(settings: dict[str, Any], key: str) -> str:
    value = settings.get(key)
    return str(value.get("content", "")) if isinstance(value, dict) else str(value or "")


def _stop_ids(where: Path, settings: dict[str, Any], tokenizer: FileTokenizer) -> set[int]:
    stops: set[int] = set()
    for file in ("generation_config.json", folder.CONFIG):
        found = (folder.read_json(where / file) or {}).get("eos_token_id")
        stops.update(i for i in (found if isinstance(found, list) else [found]) if i is not None)
    if (at := tokenizer.token_id(_name(settings, "eos_token"))) is not None:
        stops.add(at)
    return stops


def _plain(tokenizer: FileTokenizer, system: str, stops: set[int]) -> ChatFrame:
    blank, told = tokenizer.encode(["\n\n", system and system + "\n\n"])
    return ChatFrame(
        preamble_ids=(*tokenizer.opening_ids, *told.ids),
        opening_ids=tuple(blank.ids),
        closing_ids=tuple(blank.ids),
        between_ids=tuple(blank.ids),
        stop_ids=frozenset(stops),
        templated=False,
    )


def _templated(
    render: _Renderer, tokenizer: FileTokenizer, system: str, stops: set[int]
) -> ChatFrame:
    preamble, closing = _around_user(render, tokenizer, system)
    user, reply = _said("user", _USER), _said("assistant", _REPLY)
    between: list[int] = []
    try:
        whole = render([user, reply, _said("user", _AGAIN)], answer=True)
        between = tokenizer.encode_frame(_cut(_cut(whole, _REPLY)[1], _AGAIN)[0])
    except (TemplateError, ValueError):
        pass  # a template for one question and one answer: there is no next turn
    ends = [i for i in between if i in tokenizer.special_ids][:1]
    return ChatFrame(
        preamble_ids=tuple(preamble),
        opening_ids=(),
        closing_ids=tuple(closing),
        between_ids=tuple(between),
        stop_ids=frozenset({*stops, *ends}),
        templated=True,
    )


def _around_user(
    render: _Renderer, tokenizer: FileTokenizer, system: str
) -> tuple[list[int], list[int]]:
    """What stands before and behind the user's text. A template that knows no system turn gets
    ``system`` at the beginning of the user's."""
    user = _said("user", _USER)
    if not system:
        before, after = _cut(render([user], answer=True), _USER)
        return tokenizer.encode_frame(before), tokenizer.encode_frame(after)
    text = tokenizer.encode([system])[0].ids
    try:
        before, after = _cut(render([_said("system", _SYSTEM), user], answer=True), _USER)
        first, second = _cut(before, _SYSTEM)
    except (TemplateError, ValueError):
        before, after = _cut(render([user], answer=True), _USER)
        blank = tokenizer.encode(["\n\n"])[0].ids
        return [*tokenizer.encode_frame(before), *text, *blank], tokenizer.encode_frame(after)
    opening = [*tokenizer.encode_frame(first), *text, *tokenizer.encode_frame(second)]
    return opening, tokenizer.encode_frame(after)


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _cut(text: str, mark: str) -> tuple[str, str]:
    """Before and behind the mark. Raises ValueError unless it is there exactly once."""
    if text.count(mark) != 1:
        raise ValueError(f"it shows a message {text.count(mark)} times")
    before, _, after = text.partition(mark)
    return before, after


class _Generation(Extension):
    """``{% generation %}`` marks what an assistant wrote, for training; here it means nothing."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Renderer:
    """Messages -> text, as transformers renders them."""

    def __init__(self, template: str, settings: dict[str, Any]) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = _date
        self._template = environment.from_string(template)
        self._names = {f"{n}_token": _name(settings, f"{n}_token") for n in ("bos", "eos", "pad")}

    def __call__(self, messages: Sequence[dict[str, str]], answer: bool) -> str:
        try:
            return self._template.render(
                messages=messages,
                add_generation_prompt=answer,
                enable_thinking=False,
                tools=None,
                documents=None,
                **self._names,
            )
        except TemplateError:
            raise
        except Exception as reason:  # a template is a program of somebody else's
            raise TemplateError(f"{type(reason).__name__}: {reason}") from None


def _to_json(value: object, indent: int | None = None, **_: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _date(form: str) -> str:
    return date.fromisoformat(DATE).strftime(form)
