"""Deciding while counting gives what deciding at the end would, and keeps no more than it must."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.pack.room import Overflow, Room

POLICIES: tuple[Overflow, ...] = get_args(Overflow)
COSTS = st.lists(st.integers(1, 12), max_size=12)


def naive(costs: list[int], tokens: int, overflow: Overflow) -> set[int]:
    """The documents that stay, decided with every cost known."""
    stay = set(range(len(costs)))
    if overflow == "drop-largest":
        for number in sorted(stay, key=lambda n: (-costs[n], -n)):
            if sum(costs[n] for n in stay) > tokens:
                stay.remove(number)
        return stay
    for number in range(len(costs)):
        if sum(costs[: number + 1]) > tokens:
            return set(range(number))
    return stay


@pytest.mark.parametrize("overflow", POLICIES)
@given(costs=COSTS, tokens=st.integers(-3, 60))
def test_the_same_documents_stay_as_with_every_cost_known(overflow, costs, tokens):
    room = Room(tokens, overflow)
    left: list[int] = []
    for number, cost in enumerate(costs):
        left += room.offer(number, cost)
    stay = naive(costs, tokens, overflow)
    assert sorted(left) == sorted(set(range(len(costs))) - stay)
    assert room.left == tokens - sum(costs[number] for number in stay)


@pytest.mark.parametrize("overflow", POLICIES)
@given(costs=COSTS, tokens=st.integers(0, 60))
def test_no_more_is_kept_than_the_budget_and_the_document_in_hand(overflow, costs, tokens):
    room = Room(tokens, overflow)
    kept: dict[int, int] = {}
    for number, cost in enumerate(costs):
        refused = False
        for so_far in range(1, cost + 1):  # read token by token
            admitted = room.admits(number, so_far)
            assert not (refused and admitted), "what is refused once stays refused"
            refused = not admitted
            assert sum(kept.values()) + (0 if refused else so_far) <= tokens + so_far
        leaving = room.offer(number, cost)
        assert not refused or number in leaving, "what was thrown away cannot be kept"
        kept[number] = cost
        for gone in leaving:
            del kept[gone]
        assert sum(kept.values()) <= tokens


def test_of_two_equals_the_later_leaves():
    room = Room(10, "drop-largest")
    assert [room.offer(number, 4) for number in range(4)] == [[], [], [2], [3]]


def test_what_left_stays_out_when_there_is_room_again():
    room = Room(10, "drop-largest")
    assert room.offer(0, 8) == []
    assert room.offer(1, 3) == [0]
    assert room.offer(2, 8) == [2]
    assert not room.admits(3, 8)
    assert room.offer(3, 7) == []
    assert room.left == 0
