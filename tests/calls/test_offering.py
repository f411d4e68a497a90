"""Callers who key in a number to be called back, from the keys to the store: it is not stored."""

from dataclasses import dataclass, field

from ivrd.calls.menu_call import MenuPosition
from ivrd.core.call import Call
from ivrd.core.callback_menu import At, OfferVisit
from ivrd.ha.call_repository import STORED_CALL, StoredCall
from tests.asterisk.virtual import run
from tests.calls.rig import FakeBooking, Rig, arrived, offered, pressed, settle

CALL, CHANNEL = "a", "PJSIP/c-a"
NUMBER = "0812345678"
ANOTHER = ["1", "0", "1", "2"]  # Thai, a person, a call back, to another number


@dataclass
class Stored:
    """What would be stored."""

    texts: list[str] = field(default_factory=list)

    def moved(self, call: Call, position: MenuPosition | None) -> None:
        self.texts.append(STORED_CALL.dump_json(StoredCall(call, position)).decode())


class Offering(Rig):
    def __init__(self) -> None:
        self.stored, self.booking = Stored(), FakeBooking()
        self.booking.long = True
        super().__init__(booking=self.booking, positions=(self.stored,))

    async def keys(self, *keys: str) -> None:
        for key in keys:
            await self.take(pressed(CALL, key))

    def visit(self) -> OfferVisit:
        position = self.tracker.ivr.position(CALL)
        assert position is not None
        assert isinstance(position.visit, OfferVisit)
        return position.visit


def test_who_is_resumed_by_another_ivrd_keys_the_number_in_anew_and_is_booked() -> None:
    async def body() -> None:
        rig = Offering()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*ANOTHER, *NUMBER, "#", "1")
        assert rig.booking.numbers == [NUMBER]
        assert not any(NUMBER[:4] in text for text in rig.stored.texts)
        stored = STORED_CALL.validate_json(rig.stored.texts[-1])
        other = Offering()
        other.tracker.restore(stored.call, stored.position)
        other.tracker.ivr.found(CALL, CHANNEL, "", offered=True)
        await other.keys(*NUMBER[5:])  # typed on, while nobody spoke
        await other.tracker.ivr.resume()
        await settle()
        assert (other.visit().at, other.booking.numbers) == (At.KEYING, [])
        await other.keys(*NUMBER, "#", "1")
        assert other.booking.numbers == [NUMBER]

    run(body())


def test_a_new_session_takes_no_key_from_before_the_number_was_asked_for_again() -> None:
    async def body() -> None:
        rig = Offering()
        await rig.take(arrived(CALL), offered(CALL))
        await rig.keys(*ANOTHER, *NUMBER[:3])
        rig.tracker.ivr.detach_all("the link was lost")
        await rig.keys(*NUMBER[3:])
        await rig.tracker.ivr.resume()
        await settle()
        await rig.keys(*NUMBER, "#", "1")
        assert rig.booking.numbers == [NUMBER]

    run(body())
