"""Laws of the names that cross between the planes."""

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.telemetry import is_safe_name, safe_name

KEY = b"k" * 32


@given(st.text(min_size=1))
def test_whatever_crosses_looks_like_a_name(text: str) -> None:
    assert is_safe_name(safe_name(KEY, text))


@given(st.text(min_size=9).filter(lambda text: not is_safe_name(text)))
def test_a_text_that_is_no_name_leaves_no_trace_of_itself(text: str) -> None:
    crossing = safe_name(KEY, text)

    assert all(text[start : start + 9] not in crossing for start in range(len(text) - 8))


@given(st.text(), st.text())
def test_equal_names_stay_equal_and_different_ones_different(one: str, other: str) -> None:
    assert (safe_name(KEY, one) == safe_name(KEY, other)) == (one == other)


@given(st.text(min_size=65))
def test_another_key_gives_another_hash(text: str) -> None:
    assert safe_name(KEY, text) != safe_name(b"other", text)


def test_a_name_with_a_trailing_newline_is_hashed() -> None:
    assert safe_name(KEY, "gpt-4o\n").startswith("h:")
    assert safe_name(KEY, "gpt-4o") == "gpt-4o"
