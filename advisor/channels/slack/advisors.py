"""The advisor's clients, one pair for each workspace, so that each can have a tenant of its own."""

from __future__ import annotations

import threading

from advisor.channels.slack.answering import Advisors
from advisor.channels.slack.settings import SlackSettings
from advisor.client import AdvisorClient

SECONDS = 90
RETRIES = 4


class AdvisorClients:
    """Clients by API key, made when first needed."""

    def __init__(self, settings: SlackSettings) -> None:
        self._settings = settings
        self._by_key: dict[str | None, Advisors] = {}
        self._lock = threading.Lock()

    def of(self, team: str) -> Advisors:
        """The clients that a workspace's questions go through."""
        key, url = self._settings.key_of(team), self._settings.advisor_url
        with self._lock:
            if key not in self._by_key:
                once = AdvisorClient(url, key, seconds=SECONDS, retries=0)
                self._by_key[key] = Advisors(once, AdvisorClient(url, key, seconds=SECONDS, retries=RETRIES))
            return self._by_key[key]

    def close(self) -> None:
        """Close every connection."""
        for pair in self._by_key.values():
            pair.once.close()
            pair.patient.close()
