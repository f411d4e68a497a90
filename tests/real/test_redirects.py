"""A 302 of a partner's whose exchange is hostile: it leads to a listed host, or nowhere."""

from contextlib import closing

import pytest

from lab.exchange import Exchange
from lab.ivrd import PROJECT
from lab.phone import HOST
from lab.running import LabError
from tests.real.odd_phone import OddPhone
from tests.real.overflow_rig import drill, partner
from tests.real.test_trunk_network import changed

NUMBER, ELSEWHERE = "0261234567", "0261234599"
VICTIM = "partner-victim"
# Users of the Contact.  Asterisk takes TECHNOLOGY/WHERE for a call of its own.
HOSTILE = (
    f"PJSIP/{NUMBER}%40{VICTIM}",
    f"PJSIP%2F{NUMBER}%40{VICTIM}",
    f"pjsip/{VICTIM}",
    f"Local/01%40{VICTIM}",
    f"Local%2F01%40{VICTIM}%2Fn",
    f"{NUMBER}%40{VICTIM}",
    "%24%7BSHELL%28touch%20{touched}%29%7D",
    "victim",
    "",
)
# Asterisk takes what follows on the first two characters for an offset; 1 is a number.
CUT = f"1%29%3ADial%28PJSIP%2F{VICTIM}%29"


def drilled(lab, name: str) -> str:
    """What a drill says of a trunk that answers."""
    while True:
        try:
            said = lab.ivrd.once("partner", "drill", name)
        except LabError as error:
            said = str(error)
        if "does not answer" not in said:
            return said


@pytest.mark.verify
@pytest.mark.lasts(60)
def test_a_302_that_names_a_way_of_asterisks_own_leads_nowhere(hotline, tmp_path):
    contacts: list[str] = []

    def elsewhere(phone, invite):
        phone.reply(invite, "302 Moved Temporarily", contact=f"<sip:{contacts[-1]}{HOST}:9>")

    def rings(phone, invite):
        phone.reply(invite, "180 Ringing")

    touched = tmp_path / "touched"
    with (
        Exchange(tmp_path / "bank", PROJECT / "sounds") as bank,
        closing(OddPhone(elsewhere)) as hostile,
        closing(OddPhone(rings)) as victim,
    ):
        secret = tmp_path / "bank.secret"
        secret.touch(0o600)
        secret.write_text(bank.password)
        account = {"user": "hotline", "secret_file": str(secret), "number": NUMBER}
        partners = {
            "hostile": partner(
                {
                    "addresses": [f"{HOST}:{hostile.port}"],
                    "redirects_to": [bank.udp],
                    **account,
                },
                1,
                cap=1,
            ),
            "victim": partner({"addresses": [f"{HOST}:{victim.port}"]}, 1, cap=1),
        }
        carriers = {"carrier": {"addresses": ["127.0.0.40"]}}  # not where the exchanges are
        lab = hotline(agents=1, change=changed(partners, carriers=carriers))
        lab.tolerated = ("Authentication credentials not accepted",)
        for user in HOSTILE:
            contacts.append(f"{user}@".format(touched=touched) if user else "")
            assert "to be called elsewhere" in drilled(lab, "hostile"), user
        contacts.append(f"{CUT}@")
        drilled(lab, "hostile")  # at the listed host, or nowhere
        assert len(hostile.rung) > len(HOSTILE)
        assert victim.rung == []
        assert not touched.exists()
        contacts.append(f"{ELSEWHERE}@")
        drill(lab, "hostile")
        assert victim.rung == []
