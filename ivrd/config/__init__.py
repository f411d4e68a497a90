"""YAML in, checked settings out.  `load` reads a folder; everything else is about its result.

To add a setting: give it a field in the model of its file (main.py, menus.py, queues.py,
hours.py, partners.py, prompts.py) and in `Settings` or the core object that it ends in.  A value
of a new form gets a `Kind` in field_types.py.  Its mark
(effect.py) says whether a reload takes it or a restart is needed.
"""

from ivrd.config.effect import Effect, changes
from ivrd.config.load import load
from ivrd.config.problem import ConfigError, Problem
from ivrd.config.prompts import unused_prompts, used_prompts
from ivrd.config.secret import (
    AMI_SECRET,
    REDIS_SECRET,
    SEATS_SECRET,
    SENTINEL_SECRET,
    read_secret,
)
from ivrd.config.settings import (
    AsteriskSettings,
    QueueSettings,
    RedisSettings,
    Retention,
    Settings,
    StoreSettings,
    closed_queues,
)
from ivrd.config.sounds import durations, missing_defaults, prompt_files, spare_files

__all__ = [
    "AMI_SECRET",
    "REDIS_SECRET",
    "SEATS_SECRET",
    "SENTINEL_SECRET",
    "AsteriskSettings",
    "ConfigError",
    "Effect",
    "Problem",
    "QueueSettings",
    "RedisSettings",
    "Retention",
    "Settings",
    "StoreSettings",
    "changes",
    "closed_queues",
    "durations",
    "load",
    "missing_defaults",
    "prompt_files",
    "read_secret",
    "spare_files",
    "unused_prompts",
    "used_prompts",
]
