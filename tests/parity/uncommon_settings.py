"""The settings that only one of the two brokers describes."""

from __future__ import annotations

import re
from typing import Final

from tools.paths import ROOT

SETTINGS_PAGE: Final = ROOT / "docs" / "topic-settings.md"
OWN_SETTINGS: Final = frozenset({"flush"})
"""Settings that Apache Kafka does not know."""


def uncommon_settings() -> frozenset[str]:
    """Our own, and those that our broker refuses by name, and so does not describe."""
    refused = SETTINGS_PAGE.read_text(encoding="utf-8").split("## Refused")[1]
    return OWN_SETTINGS | frozenset(re.findall(r"^\| `([a-z0-9.]+)` \|", refused, re.MULTILINE))
