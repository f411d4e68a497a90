"""Asks the system that has the cases: a signed GET, and every answer that may come.

What is asked stands in the header `ivrd-question` and not in the address, which systems on the way
write into their logs: `code=…`, or `citizen_number=…&birth_year=…`.  It is signed as a message of
outbox/webhook.py is, in the place of the body.  The answer is JSON with the state at `field`; 404,
or null there, is a case that is not known.
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from ivrd.config.cases import CrmSettings
from ivrd.core.cases import CaseQuestion, CaseResult
from ivrd.outbox.http import Answer, HttpClient, Unanswered, value_at
from ivrd.outbox.webhook import signed_headers

LONGEST_STATE = 100  # characters


@dataclass(frozen=True)
class Found:
    """What came of a question.  why: in words without a digit of it; empty when it was answered."""

    result: CaseResult
    state: str = ""
    why: str = ""


class Crm:
    """`wall`: the wall clock."""

    def __init__(self, settings: CrmSettings, wall: Callable[[], float]) -> None:
        self.settings = settings
        self._http = HttpClient(settings.http)
        self._wall = wall
        self._asking = 0
        self._retired = False

    async def ask(self, question: CaseQuestion) -> Found:
        """Ends within the deadline, and raises nothing."""
        self._asking += 1
        try:
            return await self._ask(question)
        finally:
            self._asking -= 1
            if self._retired:
                await self.retire()

    async def retire(self) -> None:
        """Close the connections as soon as what is being asked is answered."""
        self._retired = True
        if not self._asking:
            await self._http.close()

    async def _ask(self, question: CaseQuestion) -> Found:
        try:
            async with asyncio.timeout(self.settings.deadline_seconds):
                return self._found(await self._request(written(question)))
        except TimeoutError:
            why = f"no whole answer within {self.settings.deadline_seconds:g} s"
            return Found(CaseResult.SLOW, why=why)
        except Unanswered as error:
            away = error.result.whole_channel
            result = CaseResult.UNREACHABLE if away else CaseResult.BROKEN
            return Found(result, why=error.result.why)

    async def _request(self, asked: str) -> Answer:
        headers = {
            "Accept": "application/json",
            "Cache-Control": "no-store",
            "ivrd-question": asked,
            **signed_headers(self._http, uuid.uuid4().hex, int(self._wall()), asked),
        }
        return await self._http.request("GET", self.settings.http.url, headers=headers)

    def _found(self, answer: Answer) -> Found:
        if answer.status == HTTPStatus.NOT_FOUND:
            return Found(CaseResult.UNKNOWN)
        if answer.status != HTTPStatus.OK:
            return Found(CaseResult.BROKEN, why=f"answered {answer.status}")
        try:
            state = value_at(answer, self.settings.field)
        except ValueError as error:
            return Found(CaseResult.BROKEN, why=f"answered {answer.status} {error}")
        if state is None:
            return Found(CaseResult.UNKNOWN)
        if not isinstance(state, str) or len(state) > LONGEST_STATE:
            why = f"answered {answer.status} with a {self.settings.field} that is no state"
            return Found(CaseResult.BROKEN, why=why)
        if state not in self.settings.states:
            return Found(CaseResult.NOT_IN_TABLE)
        return Found(CaseResult.FOUND, state)


def written(question: CaseQuestion) -> str:
    """What is asked, as it is signed and sent."""
    if question.code:
        return urlencode({"code": question.code})
    born = question.birth_year
    return urlencode({"citizen_number": question.citizen_number, "birth_year": born})
