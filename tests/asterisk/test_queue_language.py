"""Variants of a language: the folders in which Asterisk looks, and back to the language."""

from hypothesis import given
from hypothesis import strategies as st

from ivrd.asterisk.queue_language import spoken_language, variant_prompts, wait_language
from ivrd.asterisk.render.say import say_conf
from ivrd.core.announced_wait import ALL, BESIDE, Announced

SAID = st.sampled_from([None, *ALL])
LANGUAGES = st.sampled_from(["th", "en"])


def test_names() -> None:
    assert wait_language("th", None) == "th"
    assert wait_language("th", Announced(5)) == "th_w5"
    assert wait_language("en", Announced(60, less=False)) == "en_more60"
    assert wait_language("th", Announced(5), beside=3) == "th_w5b_3"
    assert wait_language("th", None, beside=3) == "th_b_3"


@given(LANGUAGES, SAID, st.sampled_from([0, *BESIDE]))
def test_each_has_a_folder_and_its_rule_and_leads_back(
    language: str, announced: Announced | None, beside: int
) -> None:
    channel = wait_language(language, announced, beside)
    assert spoken_language(channel) == language
    if channel != language:
        assert channel.split("_")[1] in variant_prompts()
    if beside:
        assert f"[{channel}]\n_[n]um:. => place:$[${{SAY}} + {beside}]\n" in say_conf(("th", "en"))
