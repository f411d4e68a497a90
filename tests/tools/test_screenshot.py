"""The README's picture of `ivrd top`."""

import re
import xml.etree.ElementTree as ET
from copy import deepcopy

from tests.cli.test_dashboard import USUAL
from tools.screenshot import draw, sights


def test_the_picture_shows_the_board_and_asks_nobody_for_fonts() -> None:
    svg = draw(USUAL)
    text = "".join(ET.fromstring(svg).itertext()).replace("\xa0", " ")
    assert "no circuit free (34), 3 in a row" in text
    assert "oldest wait" in text
    assert "url(http" not in svg
    assert re.search(r">(&#160;)", svg) is None  # a piece of text begins with what is seen


def test_a_moment_with_more_of_the_overflow_is_the_better_one() -> None:
    calm = deepcopy(USUAL)
    calm["partners"] = [{**of, "breaker": "closed", "talking": 0} for of in calm["partners"]]  # type: ignore[typeddict-item]
    assert sights(calm) < sights(USUAL)
