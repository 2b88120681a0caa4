"""Ask one question from Python: python examples/01_ask.py PATH... "QUESTION" """

import sys
from pathlib import Path

import platformdirs

from kimidoc import pipeline
from kimidoc.types import Question

*paths, question = sys.argv[1:]
job = pipeline.Job(
    command="ask",
    paths=tuple(paths),
    model="base",
    budget_tokens=1_000_000,
    cache_dir=Path(platformdirs.user_cache_path("kimidoc", appauthor=False)),
    questions=(Question("q1", question),),
)
report = pipeline.ask(job)
for answer in report.answers:
    print(answer.status, answer.text)
    for citation in answer.citations:
        print(f"  {citation.path}:{citation.start_line}  {citation.text!r}  ({citation.status})")
