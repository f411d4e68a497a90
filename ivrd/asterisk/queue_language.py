"""The language of a waiting caller's channel, by which more is said than app_queue knows.

app_queue says the position and then one more prompt, in the channel's language.  Asterisk looks
for what is not there in `th_w5` in `th`: so a variant of a language is a folder with the recordings
that differ.  In `th_w5` it is that of the wait, less than 5 minutes.
"""

from ivrd.core.announced_wait import ALL, Announced, prompt

# After the position; there is none in the language itself.
WAIT_PROMPT = "queue-wait"
NEXT_PROMPT = "queue-next"
KEPT_PROMPT = "queue-periodic"  # instead of that for one who is first in the line, and not next


def wait_language(language: str, announced: Announced | None, beside: int = 0) -> str:
    """The variant of a channel's language in which this is said with the position.

    `beside`: who is ahead and not in the line; the position is so much larger (render/say.py).
    Asterisk looks for files in th_w5b_3, th_w5b and th, for rules in th_w5b_3 and th.
    """
    variant = wait_folder(announced, beside=beside > 0)
    number = f"_{beside}" if beside else ""
    return f"{language}_{variant}{number}" if variant else language


def wait_folder(announced: Announced | None, *, beside: bool) -> str:
    """What follows the language in the name of the folder in which a variant's recordings are."""
    wait = f"{'w' if announced.less else 'more'}{announced.minutes}" if announced else ""
    return f"{wait}b" if beside else wait


def variant_prompts() -> dict[str, dict[str, str]]:
    """Of each variant's folder the names in it, and the prompts that are said for them."""
    folders: dict[str, dict[str, str]] = {"b": {NEXT_PROMPT: KEPT_PROMPT}}
    for wait in ALL:
        said = {WAIT_PROMPT: prompt(wait)}
        folders[wait_folder(wait, beside=False)] = said
        folders[wait_folder(wait, beside=True)] = {**said, NEXT_PROMPT: KEPT_PROMPT}
    return folders


def spoken_language(channel_language: str) -> str:
    """The language of a channel, whichever variant of it is set."""
    return channel_language.partition("_")[0]
