"""A call's id as people say it to one another."""


def case_code(call_id: str) -> str:
    """What agents and partners see of a call, such as 08674-012; no two calls of a day have one.

    dialplans/hotline.conf makes the same of Asterisk's id: the last five digits of the second in
    which the call came, and three of its number.
    """
    second, _, number = call_id.partition(".")
    return f"{second[-5:]}-{f'00{number}'[-3:]}"


def long_case_code(call_id: str) -> str:
    """The same with two digits before it and without the dash, such as 1208674012: no two calls of
    115 days have one.  What callers are told whose case goes on after the call."""
    second, _, number = call_id.partition(".")
    return f"{second[-7:]}{f'00{number}'[-3:]}"
