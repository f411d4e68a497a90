"""How many open files Asterisk needs for its callers, and how many callers its limit has room for.

Measured on Asterisk 22.10 (docs/decisions/0016-open-files.md): a caller in a menu takes 7, a
waiting one 5, a talk with a seat 10.  With a partner's seat it is 12 as estimated, not measured.  A
person who waits on the line takes 6, the two in a talk 16 (0041-seats-on-the-line.md).
Over its limit Asterisk sends new calls away with 503, plays no prompts and answers on no console.
"""

FILES_AT_REST = 256  # modules, logs, the manager port, callers who are told that all lines are busy
FILES_OF_A_CALLER = 12  # estimated: in a talk with a partner's seat, the most
FILES_OF_A_LINE = 10  # of a person on the line, with what a talk takes there beyond a caller's


def files_for(callers: int, on_line: int = 0) -> int:
    """The limit on open files with which Asterisk has room for so many callers.

    `on_line`: seats whose people are on the line besides.
    """
    return FILES_AT_REST + FILES_OF_A_CALLER * callers + FILES_OF_A_LINE * on_line


def room_for(files: int, on_line: int = 0) -> int:
    """How many callers an Asterisk has room for that may open so many files; 0 or more."""
    left = files - FILES_AT_REST - FILES_OF_A_LINE * on_line
    return max(0, left) // FILES_OF_A_CALLER
