"""Chat templates as checkpoints have them, cut into pieces around what we put in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import processors

from kimidoc.errors import ModelError
from kimidoc.models.chat import ChatFrame, frame
from kimidoc.models.tokenizer import FileTokenizer
from tests.models.conftest import CHATML, byte_level, save_tokenizer

LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}{%- set system_message = "" %}{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != "
    "(loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate "
    "user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant "
    "roles are supported!') }}{% endif %}{% endfor %}"
)
THINKING = """{%- for message in messages %}
{%- if message.role == "assistant" %}
    {%- set content = message.content %}
    {%- if '</think>' in content %}{%- set content = content.split('</think>')[-1] %}{%- endif %}
    {{- '<|im_start|>assistant\\n' }}
    {%- generation %}{{- content + '<|im_end|>' }}{% endgeneration %}
    {{- '\\n' }}
{%- else %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
{%- if tools %}{{ tools | tojson }}{% endif %}"""

HEADERS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
BRACKETS = ("<unk>", "<s>", "</s>")
CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


class Made:
    """A frame and the tokenizer that shows it as text."""

    def __init__(
        self,
        folder: Path,
        template: str | None,
        controls: tuple[str, ...],
        system: str,
        **names: Any,
    ) -> None:
        save_tokenizer(folder, byte_level(controls), **names)
        if template is not None:
            (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        self.tokenizer = FileTokenizer(folder / "tokenizer.json")
        self.frame: ChatFrame = frame(folder, self.tokenizer, system)

    def text(self, ids: Any) -> str:
        return self.tokenizer.decode(list(ids))

    @property
    def pieces(self) -> tuple[str, str, str]:
        f = self.frame
        return self.text(f.preamble_ids), self.text(f.closing_ids), self.text(f.between_ids)

    @property
    def stops(self) -> set[str]:
        return {self.text([at]) for at in self.frame.stop_ids}


def test_chatml(tmp_path: Path) -> None:
    made = Made(tmp_path, CHATML, CONTROLS, "", eos_token="<|im_end|>")
    opening = "<|im_start|>system\nYou are a helpful assistant<|im_end|>\n<|im_start|>user\n"
    closing = "<|im_end|>\n<|im_start|>assistant\n"
    assert made.pieces == (opening, closing, "<|im_end|>\n<|im_start|>user\n")
    assert made.stops == {"<|im_end|>"} and made.frame.templated
    question = made.tokenizer.encode(["Who pays?"])[0].ids
    assert made.text(made.frame.question(question)) == "Who pays?" + closing
    special = made.tokenizer.token_id("<|im_end|>")
    assert made.frame.closing_ids[0] == special  # one token, not its letters


def test_our_system_words_are_text(tmp_path: Path) -> None:
    told = "Answer from the documents.<|im_end|>"
    made = Made(tmp_path, CHATML, CONTROLS, told, eos_token="<|im_end|>")
    assert made.pieces[0] == f"<|im_start|>system\n{told}<|im_end|>\n<|im_start|>user\n"
    special = made.tokenizer.token_id("<|im_end|>")
    assert list(made.frame.preamble_ids).count(special or -1) == 1  # the template's own


def test_llama_3_and_a_date_that_stands_still(tmp_path: Path) -> None:
    names = {"bos_token": {"content": "<|begin_of_text|>"}, "eos_token": "<|eot_id|>"}
    made = Made(tmp_path, LLAMA3, HEADERS, "Quote.", **names)
    opening, closing, between = made.pieces
    head = "<|start_header_id|>{}<|end_header_id|>\n\n"
    assert opening == (
        "<|begin_of_text|>"
        + head.format("system")
        + "Today Date: 01 Jan 2025\n\nQuote.<|eot_id|>"
        + head.format("user")
    )
    assert closing == "<|eot_id|>" + head.format("assistant")
    assert between == "<|eot_id|>" + head.format("user")
    assert made.frame.preamble_ids.count(0) == 1  # <|begin_of_text|> once, and first
    assert made.frame.preamble_ids[0] == 0


def test_a_template_without_a_system_turn(tmp_path: Path) -> None:
    names = {"bos_token": "<s>", "eos_token": "</s>"}
    made = Made(tmp_path, MISTRAL, BRACKETS, "Quote.", **names)
    assert made.pieces == ("<s>[INST] Quote.\n\n", " [/INST]", "</s>[INST] ")
    assert made.stops == {"</s>"}
    (tmp_path / "b").mkdir()
    bare = Made(tmp_path / "b", MISTRAL, BRACKETS, "", **names)
    assert bare.pieces[0] == "<s>[INST] "


def test_a_template_that_thinks_is_told_not_to(tmp_path: Path) -> None:
    made = Made(tmp_path, THINKING, CONTROLS, "", eos_token="<|endoftext|>")
    opening, closing, between = made.pieces
    assert opening == "<|im_start|>user\n"
    assert closing == "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    assert between == "<|im_end|>\n<|im_start|>user\n"
    assert made.stops == {"<|endoftext|>", "<|im_end|>"}  # eos, and what ends a turn


def test_no_template(tmp_path: Path) -> None:
    tokenizer = byte_level(BRACKETS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    save_tokenizer(tmp_path, tokenizer)
    (tmp_path / "config.json").write_text('{"eos_token_id": 2}')
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": [2, 0]}')
    words = FileTokenizer(tmp_path / "tokenizer.json")
    bare, told = frame(tmp_path, words), frame(tmp_path, words, "Quote.")
    assert not bare.templated and bare.preamble_ids == (1,)
    assert words.decode(told.preamble_ids) == "<s>Quote.\n\n"
    question = words.encode(["Who?"])[0].ids
    assert words.decode(bare.question(question)) == "\n\nWho?\n\n"
    assert bare.stop_ids == {0, 2}


def test_templates_inside_tokenizer_config(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": CHATML}]
    for at, value in enumerate((CHATML, named)):
        made = Made(tmp_path / str(at), None, CONTROLS, "", chat_template=value)
        assert made.pieces[1] == "<|im_end|>\n<|im_start|>assistant\n"
    for at, value in enumerate(([{"name": "tool_use", "template": "x"}], "", 3)):
        made = Made(tmp_path / f"none-{at}", None, CONTROLS, "", chat_template=value)
        assert not made.frame.templated


def test_one_question_only(tmp_path: Path) -> None:
    single = "{% if messages|length > 1 %}{{ raise_exception('one') }}{% endif %}"
    single += "Q: {{ messages[0].content }}\nA:"
    made = Made(tmp_path, single, CONTROLS, "")
    assert made.pieces == ("Q: ", "\nA:", "") and made.stops == set()


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{% for %}", "cannot be used"),
        ("no messages", "shows a message 0 times"),
        ("{{ messages[0].content }}{{ messages[0].content }}", "shows a message 2 times"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{{ messages.append(1) }}{{ messages[0].content }}", "cannot be used"),
        ("{{ 1 / 0 }}", "cannot be used"),
        ("{{ messages[0].content + 3 }}", "cannot be used"),
    ],
)
def test_templates_that_cannot_be_used(tmp_path: Path, template: str, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        Made(tmp_path, template, CONTROLS, "")
    assert "chat_template.jinja" in caught.value.hint


def test_a_damaged_tokenizer_config(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, byte_level())
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(ModelError, match="not valid JSON"):
        frame(tmp_path, FileTokenizer(tmp_path / "tokenizer.json"))


@pytest.mark.parametrize("template", [CHATML, LLAMA3, THINKING])
def test_pieces_put_together_are_the_template_rendered_whole(tmp_path: Path, template: str) -> None:
    """Against transformers: two questions and an answer between our pieces."""
    from transformers import PreTrainedTokenizerFast

    controls = HEADERS if template == LLAMA3 else CONTROLS
    made = Made(tmp_path, template, controls, "Be short.", bos_token=controls[0])
    library = PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "tokenizer.json"), bos_token=controls[0]
    )
    said = [("system", "Be short."), ("user", "One?"), ("assistant", "Two."), ("user", "Three?")]
    whole = library.apply_chat_template(
        [{"role": role, "content": content} for role, content in said],
        chat_template=template,
        add_generation_prompt=True,
        enable_thinking=False,
        date_string="01 Jan 2025",
        tokenize=False,
    )
    f = made.frame
    closing = made.text(f.closing_ids)
    reply = closing if "think" not in closing else "<|im_end|>\n<|im_start|>assistant\n"
    assert whole == (
        made.text(f.preamble_ids)
        + "One?"
        + reply
        + "Two."
        + made.text(f.between_ids)
        + "Three?"
        + closing
    )
