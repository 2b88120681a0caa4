import pytest
from quayline import tokens


def test_a_token_carries_the_role():
    assert tokens.verify(tokens.issue(7, "crew"))["role"] == "crew"


def test_an_altered_token_is_refused():
    header, body, signature = tokens.issue(7, "passenger").split(".")
    with pytest.raises(tokens.InvalidToken):
        tokens.verify(f"{header}.{body[:-2]}AA.{signature}")


def test_unsubscribe_codes_belong_to_one_account():
    code = tokens.unsubscribe_code(7)
    assert tokens.check_unsubscribe(7, code)
    assert not tokens.check_unsubscribe(8, code)
