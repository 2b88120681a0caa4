"""``python -m kimidoc`` is the program."""

from kimidoc.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
