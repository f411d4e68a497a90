"""More callers than there is room for: each of them is told so and counted, none is dropped."""

import re

from ivrd.asterisk.open_files import files_for
from lab.callers import Caller, Wait
from tests.real.rig import WAIT

STAYS = (Wait(60.0),)
PROMPT_SECONDS = 8.0  # a little less than all-lines-busy lasts in either language


def the_third_is_told(lab) -> str:
    """Two callers stay, a third calls; the scrape after all of them have gone."""
    staying = lab.calling([Caller(n, "stays", STAYS) for n in (1, 2)], rate=20.0)
    status = lab.until("both are here", lambda s: s["calls"]["menu"] == 2)
    assert "2 callers: the next one hears that all lines are busy" in status["limits"]
    (entry,) = lab.calling([Caller(3, "is told", STAYS)], rate=20.0).wait(WAIT).entries
    assert (entry.outcome, entry.code) == ("refused", "486")
    assert entry.lasted >= PROMPT_SECONDS
    staying.stop()
    lab.settled()
    record = lab.asterisk.queue_log.read_text("utf-8").splitlines()
    assert len([line for line in record if line.endswith("|ENDED|closed||")]) == 1
    return lab.ivrd.http("/metrics")


def value(scrape: str, series: str) -> float:
    """The sum of these series."""
    return sum(map(float, re.findall(rf"^{series} (\S+)$", scrape, re.MULTILINE)))


def test_over_the_limit_callers_are_told_that_all_lines_are_busy(hotline):
    def two(name, settings):
        if name == "ivrd.yaml":
            settings["limits"] = {"callers": 2}

    scrape = the_third_is_told(hotline(agents=1, change=two))
    assert value(scrape, "ivrd_all_lines_busy_total") == 1
    assert value(scrape, "ivrd_callers_limit") == 2
    assert value(scrape, 'ivrd_calls_total{.*outcome="rejected".*}') == 1


def test_events_that_pile_up_cost_no_new_call(hotline):
    """Asterisk takes what SIP itself has to do for its load, and not what ivrd is told late."""
    shown = hotline(agents=1).asterisk.cli("pjsip show settings")
    assert re.search(r"taskprocessor_overload_trigger +: pjsip_only", shown), shown


def test_asterisks_own_limit_counts_where_it_is_lower_and_ivrd_says_so(hotline):
    lab = hotline(agents=1, files=files_for(2))
    ready = lab.ivrd.http("/-/ready")
    assert ready.startswith("ok\nAsterisk has room for 2 callers, limits.callers is 1000: ")
    scrape = the_third_is_told(lab)
    assert value(scrape, "ivrd_callers_room") == 2
    assert value(scrape, "ivrd_all_lines_busy_total") == 1
