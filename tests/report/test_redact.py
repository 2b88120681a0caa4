"""Secrets are masked, length kept; ordinary text is not. Secrets are put together from halves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.report import FORMATS
from kimidoc.report.redact import CODE, mask, redact, redacted
from kimidoc.types import Report
from tests.report.conftest import AWS_KEY, FINDINGS, GITHUB_TOKEN, PASSWORD, empty, full

_MIXED = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5m"
SECRETS = {
    "aws key": ("key {}", AWS_KEY),
    "aws secret": ('aws_secret_key = "{}"', "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzzzzzzzzzz"),
    "github": ("token {} here", GITHUB_TOKEN),
    "github fine-grained": ("{}", "github_pat_" + "11ABCDEFG0" + _MIXED),
    "gitlab": ("use {}", "glpat-" + "aB3dE5fG7hJ9kL1mN3pQ"),
    "slack": ("{}", "xoxb-" + "123456789012-abcdefabcdef"),
    "stripe": ("{}", "sk_live_" + "abcdefghijklmnopqrstuvwx"),
    "google": ("maps?key={}", "AIza" + "SyA1234567890abcdefghijklmnopqrstuv"),
    "openai": ("{}", "sk-proj-" + "abcdEFGH1234ijklMNOP5678"),
    "hugging face": ("HF={}", "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
    "jwt": (
        "Bearer {}",
        "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVm",
    ),
    "url": ("postgres://app:{}@db.internal/x", "s3cr3t" + "pw"),
    "quoted": ('password = "{}"', PASSWORD),
    "json": ('{{"client_secret_key": "x", "api_key": "{}"}}', "a1b2c3" + "d4e5f6"),
    "env": ("export DB_PASSWORD={}", "letmein" + "42"),
    "env, a word": ("DB_PASSWORD={}", "correcthorse"),
    "yaml": ("  auth_token: {}", "a1b2c3" + "d4e5f6g7"),
}


@pytest.mark.parametrize("shape", SECRETS)
def test_known_shapes_are_masked(shape: str) -> None:
    frame, secret = SECRETS[shape]
    text = frame.format(secret)
    masked, count = redact(text)
    assert count >= 1 and len(masked) == len(text)
    assert secret not in masked and secret[2:-2] not in masked
    at = text.index(secret)
    assert masked[:at] == text[:at]  # what stands before it is untouched


def test_a_private_key_loses_its_body_only() -> None:
    body = "\nMIIEpAIBAAKCAQEA" + "x" * 40 + "\n" + "y" * 64 + "\n"
    text = f"before\n-----BEGIN RSA PRIVATE KEY-----{body}-----END RSA PRIVATE KEY-----\nafter"
    masked, count = redact(text)
    assert count == 1 and len(masked) == len(text)
    assert masked.startswith("before\n-----BEGIN RSA PRIVATE KEY-----")
    assert "MIIE" not in masked and "yyy" not in masked and masked.count("\n") == text.count("\n")


ORDINARY = [
    "The Receiving Party shall keep secret all Confidential Information.",
    "Password: see the annex, which the parties have initialled.",
    "The key person clause (clause 12) survives. Token payments of £1 apply.",
    "token = self._next_token()",
    "password = getpass.getpass('Password: ')",
    "current_token = previous_token",
    "secret = os.environ['APP_SECRET']",
    "    password: string;",
    "    api_key: SecretStr",
    "api_key = settings.api_key",
    "key: AccessToken",
    'password = "${DB_PASSWORD}"',
    "password = '{{ vault_password }}'",
    'secret = "<your secret here>"',
    "assert password == None",
    "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
    "commit 1234567890abcdef1234567890abcdef12345678",
    "DE89 3704 0044 0532 0130 00",
    "https://example.org/a/b?c=d#e",
    "第八条 保密：双方应当对本协议内容保密。",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == (text, 0)


@given(st.text())
def test_the_length_never_changes(text: str) -> None:
    masked, count = redact(text)
    assert len(masked) == len(text)
    assert count or masked == text


@given(st.text(max_size=40), st.sampled_from(sorted(SECRETS)), st.text(max_size=40))
def test_a_secret_on_a_line_of_its_own_is_masked_wherever(
    before: str, shape: str, after: str
) -> None:
    frame, secret = SECRETS[shape]
    before = before.replace("-----BEGIN", "")
    masked, _ = redact(f"{before}\n{frame.format(secret)}\n{after}")
    assert secret not in masked


def test_a_secret_at_the_seam_of_a_long_line_is_masked() -> None:
    for at in range(7_900, 8_500, 37):
        line = "x " * (at // 2) + GITHUB_TOKEN + " y" * 2_000
        masked, count = redact(line)
        assert count == 1 and GITHUB_TOKEN not in masked and len(masked) == len(line)


def test_a_mask_shows_whose_it_was_and_no_more() -> None:
    assert mask("abcdefgh") == "ab****gh"
    assert mask("abcdefg") == "*******"
    assert mask("ab cd\nef gh") == "ab **\n** gh"


def test_no_format_prints_a_secret(report: Report) -> None:
    for name, format_ in FORMATS.items():
        text = format_.render(report)
        for secret in (AWS_KEY, GITHUB_TOKEN, PASSWORD):
            assert secret not in text, name


def test_the_report_says_so_once_and_stays_as_it_is() -> None:
    once = redacted(full())
    assert [n.code for n in once.warnings].count(CODE) == 1
    assert redacted(once) is once
    assert once.warnings[-1].message.startswith("4 secrets are masked")
    single = replace(empty(), findings=(replace(FINDINGS[0], message=f"It is {AWS_KEY}."),))
    assert redacted(single).warnings[-1].message.startswith("1 secret is masked")
    assert redacted(empty()) == empty()
