"""What kind of text a file is, by its name or its first line.

The kind is what a report and a playbook see (``Document.kind``); ``symbols`` knows some of them.
To add a language: put its suffixes or file names into a line below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SUFFIXES = {
    "ada": "adb ads",
    "asm": "asm s",
    "batch": "bat cmd",
    "c": "c h",
    "clojure": "clj cljc cljs edn",
    "cmake": "cmake",
    "cobol": "cbl cob cpy",
    "cpp": "cc cpp cxx hh hpp hxx inl ipp tpp",
    "csharp": "cs csx",
    "css": "css less sass scss",
    "csv": "csv tsv",
    "cuda": "cu cuh",
    "d": "d",
    "dart": "dart",
    "diff": "diff patch",
    "elixir": "ex exs",
    "elm": "elm",
    "erlang": "erl hrl",
    "fortran": "f f03 f08 f90 f95 for",
    "fsharp": "fs fsi fsx",
    "go": "go",
    "graphql": "gql graphql",
    "groovy": "gradle groovy",
    "haskell": "hs lhs",
    "hcl": "hcl tf tfvars",
    "html": "htm html xhtml",
    "ini": "cfg conf editorconfig ini properties",
    "ipynb": "ipynb",
    "java": "java",
    "javascript": "cjs js jsx mjs",
    "json": "geojson har json json5 jsonc jsonl ndjson webmanifest",
    "julia": "jl",
    "kotlin": "kt kts",
    "latex": "bib cls latex sty tex",
    "lisp": "el lisp scm ss",
    "log": "log",
    "lua": "lua",
    "make": "mak mk",
    "markdown": "markdown md mdx",
    "matlab": "m",
    "nim": "nim",
    "nix": "nix",
    "ocaml": "ml mli",
    "pascal": "dpr pas pp",
    "perl": "pl pm t",
    "php": "php phtml",
    "powershell": "ps1 psd1 psm1",
    "prolog": "pro",
    "proto": "proto",
    "python": "py pyi pyw pyx",
    "r": "r rmd",
    "rst": "rst",
    "ruby": "gemspec rake rb",
    "rust": "rs",
    "scala": "sbt sc scala",
    "shell": "bash fish ksh sh zsh",
    "solidity": "sol",
    "sql": "ddl dml psql sql",
    "svelte": "svelte",
    "swift": "swift",
    "tcl": "tcl",
    "terraform": "tfstate",
    "toml": "toml",
    "typescript": "cts mts ts tsx",
    "vb": "bas vb vba vbs",
    "verilog": "sv svh v",
    "vhdl": "vhd vhdl",
    "vue": "vue",
    "wasm": "wat",
    "xml": "csproj plist rss svg wsdl xml xsd xsl xslt",
    "yaml": "yaml yml",
    "zig": "zig",
}
_NAMES = {
    "docker": "dockerfile containerfile",
    "groovy": "jenkinsfile",
    "ini": ".gitconfig .gitmodules .npmrc .pylintrc",
    "json": ".babelrc .eslintrc .prettierrc",
    "make": "makefile gnumakefile",
    "ruby": "brewfile gemfile podfile rakefile vagrantfile",
    "python": "sconstruct wscript",
    "shell": ".bash_profile .bashrc .profile .zshrc",
    "toml": "cargo.lock pipfile poetry.lock",
    "yaml": ".clang-format",
}
_BY_SUFFIX = {suffix: kind for kind, line in _SUFFIXES.items() for suffix in line.split()}
_BY_NAME = {name: kind for kind, line in _NAMES.items() for name in line.split()}

_SHEBANG = re.compile(rb"#![ \t]*(?:\S*/)?([^/\s]+)(?:[ \t]+(?:-\S+[ \t]+)*([^/\s]+))?")
_INTERPRETERS = {
    "bash": "shell",
    "dash": "shell",
    "deno": "typescript",
    "fish": "shell",
    "ksh": "shell",
    "lua": "lua",
    "node": "javascript",
    "perl": "perl",
    "php": "php",
    "pwsh": "powershell",
    "pypy": "python",
    "python": "python",
    "rscript": "r",
    "ruby": "ruby",
    "sh": "shell",
    "tclsh": "tcl",
    "zsh": "shell",
}
# What people read, and what programs are given: everything else above is a programming language.
_PROSE = frozenset({"html", "latex", "markdown", "rst"})
_DATA = frozenset({"csv", "diff", "ini", "ipynb", "json", "log", "text", "toml", "xml", "yaml"})
_DOCUMENTS = tuple(".pdf .docx .doc .xlsx .xls .ods .odt .pptx .ppt .rtf .eml .msg .txt".split())
_MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,1000}-->\s*)*<(!doctype html|html)\b", re.I
)


def language(name: str, head: bytes) -> str:
    """The kind of a text file called ``name`` that begins with ``head``; "text" when nobody knows.

    A name decides before the content does; only a name without a suffix asks the content.
    """
    name = name.rpartition("/")[2].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    stem, dot, suffix = name.rpartition(".")
    if dot and (stem or suffix in _BY_SUFFIX):
        return _BY_NAME.get(stem, "text") if suffix not in _BY_SUFFIX else _BY_SUFFIX[suffix]
    return _by_content(head)


def mostly_programs(names: Iterable[str]) -> bool:
    """Whether more of the files hold program code than are pages, prose and office documents."""
    programs = documents = 0
    for name in names:
        kind = language(name, b"")
        if kind in _PROSE or name.lower().endswith(_DOCUMENTS):
            documents += 1
        elif kind not in _DATA:
            programs += 1
    return programs > documents


def _by_content(head: bytes) -> str:
    if head.startswith(b"#!") and (match := _SHEBANG.match(head)):
        program, argument = (part.decode("ascii", "replace") for part in match.groups(b""))
        program = argument if program == "env" else program
        return _INTERPRETERS.get(program.lower().rstrip("0123456789."), "text")
    return "html" if _MARKUP.match(head[:2048]) else "text"
