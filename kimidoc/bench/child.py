"""A fresh process that reads a window, or takes its session up, and asks the model one question.

The parent writes a pickled Request to its stdin (both are this program) and samples its memory;
the child says as JSON when each stage ended and what came out. Everything a user's process does is
in it: documents are read and packed again.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from kimidoc.bench import text
from kimidoc.engine.memory import peak_rss_bytes
from kimidoc.errors import EngineError

if TYPE_CHECKING:
    from kimidoc.engine.writing import Desk
    from kimidoc.pipeline import Job

_CODE = "import sys; sys.path.append(sys.argv[1]); from kimidoc.bench.child import main; main()"
SAMPLE_S = 0.1
QUESTION = "\nWhat is this about?"


@dataclass(frozen=True, slots=True)
class Request:
    """``job`` names the session. ``ask``: whether a question follows."""

    job: Job
    tokens: int
    ask: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What the child says. ``stages``: (name, seconds since its start when it ended).

    ``logits``: sha256 of the question's log-probabilities, or, where the model answers from
    passages that it reads again, of those of the sentences there. ``packed_rss_bytes``: before the
    model.
    """

    stages: tuple[tuple[str, float], ...]
    tokens: int
    documents: int
    reused_tokens: int
    session_bytes: int
    packed_rss_bytes: int
    peak_rss_bytes: int
    logits: str

    def seconds(self, name: str) -> float:
        """How long a stage took; 0 where there was none."""
        at = 0.0
        for stage, end in self.stages:
            if stage == name:
                return end - at
            at = end
        return 0.0


def main() -> None:
    """Serve one request."""
    began = time.perf_counter()
    request: Request = pickle.load(sys.stdin.buffer)
    told = serve(request, lambda: time.perf_counter() - began)
    sys.stdout.write(json.dumps(asdict(told)))


def serve(request: Request, clock: Callable[[], float]) -> Told:
    """Read or take up, then ask. ``clock``: seconds since the process was started."""
    import psutil  # type: ignore[import-untyped]

    from kimidoc import pipeline

    job, stages = request.job, []
    stages.append(("start", clock()))
    window = text.cut(pipeline.window(job), request.tokens)
    stages.append(("pack", clock()))
    packed = int(psutil.Process().memory_info().rss)
    import kimidoc.engine.reading  # noqa: F401  torch, which is no part of reading or restoring

    stages.append(("import", clock()))
    engine = pipeline.open_engine(job)
    prefix = engine.prefill(window)
    stages.append(("prefill", clock()))
    peak, digest = peak_rss_bytes(), ""
    if request.ask:
        desk = engine.desk(prefix)
        stages.append(("load", clock()))
        digest = _asked(desk)
        stages.append(("question", clock()))
    return Told(
        stages=tuple(stages),
        tokens=len(window.tokens),
        documents=len(window.segments),
        reused_tokens=prefix.session.reused_tokens,
        session_bytes=prefix.session.bytes,
        packed_rss_bytes=packed,
        peak_rss_bytes=peak,
        logits=digest,
    )


def _asked(desk: Desk) -> str:
    from kimidoc.bench import logits
    from kimidoc.engine.base import Prompt
    from kimidoc.engine.rereading import Rereading

    if isinstance(desk, Rereading):
        found = desk.read([Prompt("q", QUESTION)])[0].pointed
        return sha256(found.tobytes()).hexdigest()
    asked = desk.tokenizer.encode([QUESTION])[0].ids
    after, _ = logits.ask(desk.reader, desk.layers, len(desk.window.tokens), asked, 1)
    return sha256(after.numpy().tobytes()).hexdigest()


def start(request: Request) -> subprocess.Popen[bytes]:
    """Start a child that serves the request; its pipes are open."""
    package = str(Path(__file__).resolve().parents[2])
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", _CODE, package],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    child.stdin.write(pickle.dumps(request))
    child.stdin.close()
    child.stdin = None
    return child


def run(request: Request, sampled: Callable[[float, int], None] = lambda at_s, rss: None) -> Told:
    """Start a child and wait for it. ``sampled``: (seconds, bytes of it and its own children).

    Raises EngineError with what it complained of.
    """
    began = time.perf_counter()
    child = start(request)
    try:
        while child.poll() is None:
            sampled(time.perf_counter() - began, rss_of_tree(child.pid))
            time.sleep(SAMPLE_S)
        out, err = child.communicate()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode != 0:
        said = err.decode("utf-8", "replace").strip().splitlines()
        raise EngineError(
            f"the process that was measured failed ({said[-1] if said else child.returncode})",
            hint="`kimidoc ask` on the same paths shows why",
        )
    told = json.loads(out)
    stages = tuple((str(name), float(end)) for name, end in told.pop("stages"))
    return Told(stages=stages, **told)


def rss_of_tree(pid: int) -> int:
    """Resident bytes of a process and those it started; 0 once it is gone."""
    import psutil

    total = 0
    try:
        root = psutil.Process(pid)
        for each in (root, *root.children(recursive=True)):
            total += int(each.memory_info().rss)
    except psutil.Error:
        pass  # it has just ended
    return total
