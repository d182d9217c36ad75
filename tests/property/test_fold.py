"""Laws of folding patches onto an event (DESIGN 4.6, contract A4)."""

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.event import Event
from hh_core.domain.fold import fold, in_order

values = st.integers(0, 3) | st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), max_size=2)
objects = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)
fields = st.fixed_dictionaries(
    {},
    optional={
        "metadata": objects,
        "outputs": objects | st.none(),
        "metrics": objects,
        "duration": st.integers(0, 9) | st.just("soon"),
        "children_ids": st.just([]),
        "event_type": st.just("model"),
    },
)
patches = st.lists(st.tuples(st.integers(0, 5), fields), unique_by=lambda patch: patch[0])
BASE: Event = {"event_type": "tool", "metadata": {"x": 1}, "outputs": {"y": 1}, "duration": 1}


@given(patches.flatmap(lambda all_: st.tuples(st.just(all_), st.permutations(all_))))
def test_arrival_order_and_repetition_change_nothing(
    pair: tuple[list[tuple[int, Event]], list[tuple[int, Event]]],
) -> None:
    first, second = pair

    assert fold(BASE, in_order(first)) == fold(BASE, in_order(second + first))


@given(patches, patches)
def test_folding_in_two_steps_is_folding_at_once(
    early: list[tuple[int, Event]], late: list[tuple[int, Event]]
) -> None:
    one, two = in_order(early), in_order(late)

    assert fold(fold(BASE, one), two) == fold(BASE, one + two)


@given(patches)
def test_a_patch_never_changes_what_an_event_is(all_: list[tuple[int, Event]]) -> None:
    assert fold(BASE, in_order(all_))["event_type"] == "tool"


@given(patches)
def test_neither_base_nor_patches_are_changed(all_: list[tuple[int, Event]]) -> None:
    before = (repr(BASE), repr(all_))
    fold(BASE, in_order(all_))

    assert (repr(BASE), repr(all_)) == before


def test_objects_merge_and_outputs_replace() -> None:
    base = {"metadata": {"a": {"b": 1, "c": 2}}, "outputs": {"old": 1}}
    folded = fold(base, [{"metadata": {"a": {"c": 3}, "d": 4}, "outputs": {"new": 2}}])

    assert folded == {"metadata": {"a": {"b": 1, "c": 3}, "d": 4}, "outputs": {"new": 2}}


def test_deep_objects_do_not_exhaust_the_stack() -> None:
    deep: Event = {}
    for _ in range(900):
        deep = {"k": deep}

    assert fold({"metadata": deep}, [{"metadata": deep}])["metadata"] == deep
