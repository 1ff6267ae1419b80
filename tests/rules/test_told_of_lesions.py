"""What the card of response tells beside its category: the change, the other sum, and what a clinician stated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.review.cases import ask

SPINE = {"concept": "bone-metastasis", "days_ago": 200, "site": "spine"}
FEMUR = {"concept": "bone-metastasis", "days_ago": 10, "site": "femur"}


def sizes(*axes: tuple[float, float]) -> list[dict[str, Any]]:
    """One lesion on several days, the last of them lately."""
    return [{"longest": a, "other": b, "days_ago": 5 + 90 * at} for at, (a, b) in enumerate(reversed(axes))][::-1]


def told(edition: Edition, **given: Any) -> tuple[str, Mapping[str, Any]]:
    outcome = ask(edition, "treatment-response", {"order": None} | given).outcome
    assert isinstance(outcome, Advise)
    return outcome.say, outcome.data


@pytest.mark.parametrize(
    ("axes", "say", "change", "of_first"),
    [
        (((20, 10), (25, 10)), "pd", 25, 25),
        (((20, 10), (10, 10)), "pr", -50, -50),
        (((20, 10), (20, 10)), "sd", 0, 0),
        (((20, 20), (10, 10), (10, 12)), "pr", 20, -70),
        (((20, 10), (0, 0), (4, 4)), "pd", None, -92),
    ],
)
def test_the_change_is_told_against_the_smallest_and_the_first_sum(
    edition: Edition, axes: tuple[tuple[float, float], ...], say: str, change: int | None, of_first: int
) -> None:
    said, data = told(edition, sizes=sizes(*axes))
    assert (said, data["change"], data["of_first"]) == (say, change, of_first)


@pytest.mark.parametrize(
    ("axes", "say", "other"),
    [
        # Both ways agree.
        (((20, 10), (30, 15)), "pd", None),
        (((20, 20), (10, 10)), "pr", None),
        # A quarter more by product is less than that by the sum of both diameters.
        (((20, 10), (25, 10)), "pd", "sd"),
        (((20, 10), (10, 10)), "pr", "sd"),
        # The smallest sum by diameters may be of another day than that by products.
        (((12, 12), (30, 1), (16, 16)), "pd", None),
        (((20, 20), (30, 1), (15, 10)), "pd", "sd"),
    ],
)
def test_the_category_by_the_sum_of_both_diameters_is_told_where_it_is_another(
    edition: Edition, axes: tuple[tuple[float, float], ...], say: str, other: str | None
) -> None:
    said, data = told(edition, sizes=sizes(*axes))
    assert (said, data["other"]) == (say, other)


@pytest.mark.parametrize(
    ("axes", "say", "also"),
    [
        (((20, 20), (10, 5), (20, 10)), "pd", True),
        (((20, 20), (10, 5), (20, 10.1)), "pd", False),
        (((20, 20), (10, 10), (30, 20)), "pd", False),
        (((20, 20), (10, 10)), "pr", False),
        (((20, 20), (20, 20)), "sd", False),
    ],
)
def test_a_progression_that_is_a_response_against_the_first_sum_says_so(
    edition: Edition, axes: tuple[tuple[float, float], ...], say: str, also: bool
) -> None:
    said, data = told(edition, sizes=sizes(*axes))
    assert (said, data["also_pr"]) == (say, also)


@pytest.mark.parametrize(("days", "counts"), [(59, True), (60, True), (61, False)])
@pytest.mark.parametrize("more", [{"sizes": sizes((20, 10), (25, 10))}, {"skeleton": [SPINE, FEMUR]}])
def test_a_response_that_a_clinician_stated_is_told_within_the_window(
    edition: Edition, more: dict[str, Any], days: int, counts: bool
) -> None:
    _, data = told(edition, response_stated="stable", response_days_ago=days, **more)
    assert (data["stated"] is not None) is counts


@pytest.mark.parametrize(
    "new", [{"skeleton": [SPINE, FEMUR]}, {"skeleton": [SPINE], "lesions_new": [{"days_ago": 10}]}]
)
def test_beside_a_new_lesion_the_sizes_are_told(edition: Edition, new: dict[str, Any]) -> None:
    said, data = told(edition, sizes=sizes((20, 10), (20, 10)), **new)
    assert said.startswith("new")
    assert data["sizes"].newest.products == 200
    assert told(edition, **new)[1]["sizes"] is None


def test_what_may_be_new_is_told_beside_stable_sizes(edition: Edition) -> None:
    given: dict[str, Any] = {"sizes": sizes((20, 10), (20, 10)), "skeleton": [SPINE, FEMUR | {"site": None}]}
    said, data = told(edition, **given)
    assert (said, data["sign"].ref) == ("sd", "Condition/sign-1")
