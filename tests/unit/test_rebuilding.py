"""What `hh rebuild` tells while it works, and at the end."""

from hh_cli.rebuilding import progress_line, summary
from hh_core.usecases.rebuild import Rebuilt


def test_a_line_tells_how_far_it_is_how_fast_it_goes_and_how_long_it_takes_yet() -> None:
    line = progress_line(Rebuilt(of=400, segments=100, rows=250_000), 10.0)

    assert line == "100 of 400 segments, 250,000 rows, 25,000 rows/s, about 30.00 s left"


def test_segments_that_came_meanwhile_leave_nothing_to_be_foretold() -> None:
    line = progress_line(Rebuilt(of=400, segments=401, rows=1_000), 10.0)

    assert line == "401 of 401 segments, 1,000 rows, 100 rows/s"


def test_before_the_first_segment_nothing_is_foretold() -> None:
    assert progress_line(Rebuilt(of=3), 0.0) == "0 of 3 segments, 0 rows, 0 rows/s"


def test_the_end_tells_what_came_of_it() -> None:
    told = summary(Rebuilt(of=214, segments=214, rows=1_000_000, corrupt=2), 50.0)

    assert told.splitlines() == [
        "The index is rebuilt: 1,000,000 rows from 214 segments in 50.00 s, 20,000 rows/s.",
        "0 refused, 2 corrupt records.",
    ]


def test_events_that_went_are_told_of() -> None:
    told = summary(Rebuilt(of=1, segments=1, rows=10, withdrawn=3), 1.0)

    assert "3 events that no span tells of any more" in told


def test_rows_that_are_refused_lead_to_the_dead_letters() -> None:
    assert "hh dlq list" in summary(Rebuilt(segments=1, rows=1, refused=1), 1.0)
