"""What agents' phones can dial, and where that leads a caller whom they send on."""

from pathlib import Path
from typing import Any

from ivrd.asterisk.render.transfers import extensions
from ivrd.config.load import load
from tests.fixtures.hotline import copied, rewrite


def rendered(folder: Path, transfers: dict[str, Any], languages: list[str]) -> list[str]:
    """The lines, with seats of the base pool that speak these languages."""

    def change(settings: dict[str, Any]) -> None:
        settings["transfers"] = transfers
        settings["pools"]["base"]["languages"] = languages

    copied(folder)
    rewrite(folder / "queues.yaml", change)
    return extensions(load(folder)).split("\n")


def of(lines: list[str], number: str) -> list[str]:
    """The steps of one extension."""
    begin = lines.index(next(line for line in lines if line.startswith(f"exten => {number},1,")))
    steps = [lines[begin].partition(",1,")[2]]
    for line in lines[begin + 1 :]:
        if line.startswith("exten"):
            break
        steps.append(line.removeprefix(" same => n,"))
    return steps


def test_each_seat_has_a_number_and_every_other_number_leads_back(tmp_path: Path) -> None:
    lines = rendered(tmp_path / "c", {"pools": {"base": "70"}}, ["th", "en"])
    assert of(lines, "7002") == [
        "Set(IVRD_TO=base-02)",
        "Set(IVRD_ABOUT=)",
        "Goto(seat-transfer,seat,1)",
    ]
    assert of(lines, "1200") == ["Goto(seat-transfer,back,1)"]
    assert of(lines, "_[0-9#*+].") == ["Goto(seat-transfer,unknown,1)"]
    assert not any("7003" in line for line in lines)


def test_a_topic_leads_to_the_queue_of_the_callers_language(tmp_path: Path) -> None:
    numbers = {"topics": {"hi-register": "81"}}
    one = rendered(tmp_path / "one", numbers, ["th", "en"])
    assert of(one, "81") == [
        "Set(IVRD_TO=hi-register)",
        "Set(IVRD_ABOUT=home_isolation)",
        "Goto(seat-transfer,topic,1)",
    ]
    two = rendered(tmp_path / "two", numbers, ["th"])
    assert of(two, "81") == [
        "Set(IVRD_TO=hi-register)",
        "Set(IVRD_ABOUT=home_isolation.th)",
        'ExecIf($["${CHANNEL(language):0:2}" = "en"]?Set(IVRD_ABOUT=home_isolation.en))',
        "Goto(seat-transfer,topic,1)",
    ]
