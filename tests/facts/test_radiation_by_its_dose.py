"""An order that names no radiotherapy but its dose in gray is one; other radiation is not."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition

EXTERNAL = {"radiotherapy"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8 Gy to right femur", EXTERNAL),
        ("RT L spine 30 Gy/10#", EXTERNAL),
        ("右股骨照射 8Gy 单次", EXTERNAL),
        ("800 cGy x1 R hip", EXTERNAL),
        ("Radiation to right femur", EXTERNAL),
        ("External beam RT femur", EXTERNAL),
        ("Hemibody irradiation", EXTERNAL),
        ("骨转移灶外放射", EXTERNAL),
        ("质子治疗 骶骨", EXTERNAL),
        ("Stereotactic body RT T8", {"sbrt"}),
        ("体部伽玛刀 T8", {"sbrt"}),
        ("Brachytherapy 12 Gy in 3 fractions", set()),
        ("碘125粒子植入 120Gy", set()),
        ("辐照红细胞 25Gy", set()),
        ("红外线照射", set()),
    ],
)
def test_what_an_order_of_radiation_is(edition: Edition, text: str, found: set[str]) -> None:
    read = {row.concept for row in edition.terminology.match("procedure", [], text)}
    assert read & {"radiotherapy", "sbrt"} == found
