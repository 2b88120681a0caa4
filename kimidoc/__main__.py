"""``python -m kimidoc`` is the program."""

from kimidoc.cli.main import program

if __name__ == "__main__":
    raise SystemExit(program())
