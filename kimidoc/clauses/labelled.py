"""Labelled contracts from a file: which clause stands where. For ``fit`` and ``playbooks.score``.

A line is {"doc": file name, "category": clause, "spans": [{"start", "end"}]}, in characters of the
contract's text, with "split" where there are several. A contract without a span for a clause does
not hold it. CUAD's names for its categories are known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from kimidoc.errors import ConfigError

Labels = Mapping[str, Mapping[str, Sequence[tuple[int, int]]]]
"""Document -> clause -> labelled spans."""
CUAD = {
    "Document Name": "document-name", "Parties": "parties", "Agreement Date": "agreement-date",
    "Effective Date": "effective-date", "Expiration Date": "expiry", "Renewal Term": "renewal",
    "Notice Period To Terminate Renewal": "renewal-notice", "Governing Law": "governing-law",
    "Most Favored Nation": "most-favoured", "Non-Compete": "non-compete",
    "Exclusivity": "exclusivity", "No-Solicit Of Customers": "no-solicit-customers",
    "Competitive Restriction Exception": "competition-exception",
    "No-Solicit Of Employees": "no-solicit-employees", "Non-Disparagement": "non-disparagement",
    "Termination For Convenience": "notice-to-terminate", "Rofr/Rofo/Rofn": "first-refusal",
    "Change Of Control": "change-of-control", "Anti-Assignment": "assignment",
    "Revenue/Profit Sharing": "revenue-share", "Price Restrictions": "price-restriction",
    "Minimum Commitment": "minimum-commitment", "Volume Restriction": "volume-restriction",
    "Ip Ownership Assignment": "ip-ownership", "Joint Ip Ownership": "joint-ip",
    "License Grant": "licence-grant", "Non-Transferable License": "non-transferable-licence",
    "Affiliate License-Licensor": "licensor-affiliates",
    "Affiliate License-Licensee": "licensee-affiliates",
    "Unlimited/All-You-Can-Eat-License": "unlimited-licence",
    "Irrevocable Or Perpetual License": "perpetual-licence",
    "Source Code Escrow": "source-escrow", "Post-Termination Services": "after-termination",
    "Audit Rights": "audit", "Uncapped Liability": "uncapped-liability",
    "Cap On Liability": "liability-cap", "Liquidated Damages": "liquidated-damages",
    "Warranty Duration": "warranty-duration", "Insurance": "insurance",
    "Covenant Not To Sue": "no-challenge", "Third Party Beneficiary": "third-party-rights",
}  # fmt: skip


def read(file: Path, split: str | None = None) -> Labels:
    """The labels of a file, of one split if it is named. Raises ConfigError."""
    found: dict[str, dict[str, list[tuple[int, int]]]] = {}
    for number, row in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            line = json.loads(row)
            if split is None or line["split"] == split:
                own = found.setdefault(line["doc"], {})
                spans = [(int(span["start"]), int(span["end"])) for span in line["spans"]]
                if spans:
                    own[CUAD.get(line["category"], line["category"])] = spans
        except (ValueError, KeyError, TypeError) as reason:
            raise ConfigError(
                f"{file}: line {number} is no label ({reason}).",
                hint='Write {"doc": "a.txt", "category": "audit", "spans": []} on each line.',
            ) from None
    return found


def text(folder: Path, name: str) -> str:
    """The text that the spans of a contract count in."""
    return (folder / name).read_text("utf-8", errors="replace")


def held_out(name: str) -> bool:
    """Whether a contract is kept from training, for rules that are chosen beside what is trained.

    About every sixteenth, by its name alone.
    """
    return sha256(name.encode()).digest()[0] % 16 == 0


def overlap(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Whether half of the shorter of two spans lies in the other."""
    shared = min(one[1], two[1]) - max(one[0], two[0])
    return shared > 0 and 2 * shared >= min(one[1] - one[0], two[1] - two[0])
