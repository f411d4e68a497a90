"""Modules of Asterisk's that only some trunks need, and that are loaded for them alone."""

from collections.abc import Mapping

from ivrd.config.settings import Settings
from ivrd.config.trunk_settings import OPUS, speaks

DIVERSION = "res_pjsip_diversion"  # which number a 302 names; it reads headers of all callers, too
DATABASE = "func_db"  # by which the dialplan keeps where carriers' names lead


def needed(settings: Settings) -> Mapping[str, str]:
    """Each by its name, with who needs it in words."""
    found = {}
    if speaks(settings.trunks.values(), OPUS):
        found[settings.asterisk.opus_module] = "a trunk speaks opus (asterisk.media.opus_module)"
    if any(trunk.network.redirects_to for trunk in settings.trunks.values()):
        found[DIVERSION] = "a trunk has redirects_to"
    if settings.asterisk.carrier_names:
        found[DATABASE] = "a carrier is given by name"
    return found
