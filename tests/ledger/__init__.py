"""The oracle of the fault and end-to-end tests: it knows what was sent and what was answered.

A ledger makes spans whose every content field carries a canary of its own, sends them, writes down
the outcome of each request (ACK, REJECT, UNKNOWN), and afterwards compares the public API's answer
with what it knows: each acknowledged span exactly once and with its content, each refused one never
(PROMISES 4.4).
"""

from ledger.book import Ledger, Outcome, Sent, load, pump
from ledger.check import Verdict, all_events, ask, check

__all__ = ["Ledger", "Outcome", "Sent", "Verdict", "all_events", "ask", "check", "load", "pump"]
