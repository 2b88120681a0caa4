# Thin: each target is a line you can type. See README.md and CONTRIBUTING.md.
.PHONY: install test check documents reports
install:
	python3 -m venv .venv && .venv/bin/pip install -e '.[dev]'
test:
	.venv/bin/pytest
check:
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy
documents:
	.venv/bin/python examples/make_documents.py
reports:
	.venv/bin/python -m docs.build_reports
