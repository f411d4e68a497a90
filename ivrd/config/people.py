"""The part `people:` of ivrd.yaml: what is kept of whoever dials."""

from pathlib import Path
from typing import Annotated

from ivrd.config.control_socket import located
from ivrd.config.effect import RESTART
from ivrd.config.field_types import PATH
from ivrd.config.model import Part

NUMBER_KEY = "number.key"


class PeoplePart(Part):
    """`people:` whoever dials, from one call to the next."""

    number_key_file: Annotated[str, PATH, RESTART] = ""


def number_key_file(part: PeoplePart, folder: Path, caller_key_file: Path) -> Path:
    """Where the key for numbers is: beside that for hashes, unless the configuration says."""
    if part.number_key_file:
        return located(folder, part.number_key_file)
    return caller_key_file.with_name(NUMBER_KEY)
