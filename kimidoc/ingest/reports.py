"""Recognises what kimidoc itself wrote, in whatever format, by the beginning of the file.

A report left in the analysed tree is no document: read again, its quotes would be evidence for
themselves. It is listed as skipped, with REASON, which forgives no coverage gate: a document that
only calls itself a report must not pass unread. A file named on the command line is read.

To add a format: give it a beginning that nothing else has, and its expression here;
``tests/report/test_recognised.py`` writes one report in every format.
"""

from __future__ import annotations

import re

HEAD_BYTES = 4_096
REASON = "a report of kimidoc"
_WRITTEN = re.compile(
    rb"""
      \{\s*"schema":\s*"kimidoc\.[a-z]+/\d+"                           # JSON: report, pack, bench
    | \{\s*"\$schema":\s*"[^"\n]*sarif[^"\n]*",\s*"version":\s*"[\d.]+",\s*
      "runs":\s*\[\s*\{\s*"tool":\s*\{\s*"driver":\s*\{\s*"name":\s*"kimidoc"
    | <!doctype\ html>[^\0]{0,3000}?<meta\ name="generator"\ content="kimidoc\ [^"\n]*">
    | <!--\ kimidoc\ report\ -->
    | (?:<\?xml[^>\n]*>\s*)?<testsuites\ name="kimidoc"
    | record,id,title,severity,status,baseline,text,document,place,citation_status,quote,
    | kimidoc\ \d[\w.+]*\ report\r?$                                    # annotations
    | (?:\x1b\[[\d;]*m)*Report[ ]{4}(?:\x1b\[[\d;]*m)*kimidoc\ \d[\w.+]*(?:,|\r?$)  # a terminal's
    """,
    re.VERBOSE | re.MULTILINE,
)


def written_by_kimidoc(head: bytes) -> bool:
    """Whether a file that begins like this is a report, a plan or a benchmark of ours."""
    return bool(_WRITTEN.match(head[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")))
