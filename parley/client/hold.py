"""The lock while one types: taken at the first key, given back with the line or with Esc.

A Hold belongs to a Conversation and knows what is being typed. It sends LOCK and UNLOCK through the
Session of the moment. No I/O, no clock.
"""

from __future__ import annotations

from . import events as ev
from .session import Session


class Hold:
    """When the server is to hold what others say."""

    def __init__(self, automatic: bool) -> None:
        self._automatic = automatic  # --hold; otherwise only by hand
        self._line = ""  # what is being typed
        self._by_hand = False  # /lock: until /unlock, or until something is said
        self._waived = False  # Esc: this line is written without a lock

    def editing(self, session: Session, line: str) -> None:
        """The line that is being typed has changed; it is empty when it was entered or erased."""
        self._line = line
        if not self._automatic:
            return
        locked = session.will_be_locked()
        if not line:
            self._waived = False
            if locked and not self._by_hand:
                session.ask("UNLOCK", quiet=True)
        elif not locked and not self._waived and session.offers("LOCK"):
            session.ask("LOCK")

    def let_go(self, session: Session) -> None:
        """Esc: gives the lock back, whatever is typed."""
        if session.will_be_locked():
            self._waived = True
            session.ask("UNLOCK", quiet=True)

    def lock(self, session: Session, on: bool) -> None:
        """The lock by hand."""
        self._by_hand = on
        session.ask("LOCK" if on else "UNLOCK")

    def shows(self, session: Session, event: ev.Event) -> bool:
        """Learns from an event; whether it is worth a line: a lock that held nothing is not."""
        match event:
            case ev.Locked():
                return self._by_hand or not self._automatic
            case ev.Released(waited, cause):
                worth = waited or self._by_hand or cause in ("overflow", "timeout")
                self._by_hand = False
                return bool(worth) or not self._automatic
            case ev.Refused("SAY") if self._automatic and not self._line and not self._by_hand:
                session.ask("UNLOCK", quiet=True)  # a refused message does not end the lock
        return True
