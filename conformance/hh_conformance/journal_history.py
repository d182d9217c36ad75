"""Random histories of a journal: byte strings that grow, are sealed and are discarded."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from hh_conformance.histories import Machine
from hh_core.domain.segments import segment_name
from hh_core.errors import ConflictError
from hh_core.ports.journal import Journal


def name(number: int) -> str:
    """A segment's name; names sort by ``number``."""
    return segment_name(1_700_000_000_000 + number, number, 1)


class JournalMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal = self.open()
        self.begun = 0
        self.growing: dict[str, bytes] = {}
        self.synced: dict[str, bytes] = {}
        self.closed: dict[str, bytes] = {}
        self.last = ""

    @rule(frames=st.lists(st.binary(max_size=4), min_size=1, max_size=3))
    def begin(self, frames: list[bytes]) -> None:
        self.begun += 1
        self.run(self.journal.append(name(self.begun), frames))
        self.growing[name(self.begun)] = b"".join(frames)

    @precondition(lambda self: self.growing)
    @rule(data=st.data(), frame=st.binary(max_size=4))
    def append(self, data: st.DataObject, frame: bytes) -> None:
        segment = data.draw(st.sampled_from(sorted(self.growing)))
        self.run(self.journal.append(segment, [frame]))
        self.growing[segment] += frame

    @precondition(lambda self: self.growing)
    @rule(data=st.data())
    def sync(self, data: st.DataObject) -> None:
        segment = data.draw(st.sampled_from(sorted(self.growing)))
        self.run(self.journal.sync(segment))
        self.synced[segment] = self.growing[segment]
        self.last = max(self.last, segment)

    @precondition(lambda self: self.growing)
    @rule(data=st.data())
    def seal(self, data: st.DataObject) -> None:
        segment = data.draw(st.sampled_from(sorted(self.growing)))
        self.run(self.journal.seal(segment))
        self.closed[segment] = self.growing.pop(segment)
        self.last = max(self.last, segment)

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def append_to_a_sealed_one(self, data: st.DataObject) -> None:
        segment = data.draw(st.sampled_from(sorted(self.closed)))
        with pytest.raises(ConflictError):
            self.run(self.journal.append(segment, [b"more"]))

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        segment = data.draw(st.sampled_from(sorted(self.closed)))
        self.run(self.journal.discard(segment))
        del self.closed[segment]

    @rule()
    def open_again(self) -> None:
        """What was open is sealed; what was never synced may be missing or cut."""
        self.journal = self.reopen()
        found = list(self.run(self.journal.sealed()))
        for segment, written in self.growing.items():
            sure = self.synced.get(segment)
            assert sure is None or segment in found, "a synced segment is gone"
            if segment in found:
                kept = self.run(self.journal.read(segment))
                assert written.startswith(kept), "not a prefix of what was appended"
                assert kept.startswith(sure or b""), "synced bytes are gone"
                self.closed[segment] = kept
        last = self.run(self.journal.last())
        assert last in {self.last, *self.growing}
        assert last >= self.last
        self.last = last
        self.growing.clear()

    @invariant()
    def the_sealed_segments_are_the_model(self) -> None:
        assert list(self.run(self.journal.sealed())) == sorted(self.closed)
        for segment, data in self.closed.items():
            assert self.run(self.journal.read(segment)) == data
        assert self.run(self.journal.last()) == self.last
