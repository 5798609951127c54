"""Who confirms what others report, and who only repeats it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Role
from nkwatch.domain.story import Report
from nkwatch.editing.independence import independent
from tests.making import NOW, prose, report


def told(id: str, owner: str, text: str = "", minutes: int = 0, **fields: object) -> Report:  # noqa: A002
    """A report of this owner, so long after the first, in words of its own unless a text is given."""
    published = NOW + timedelta(minutes=minutes)
    return report(id, owner=owner, title="", text=text or prose(id), published=published, **fields)  # type: ignore[arg-type]


def test_owners_who_write_texts_of_their_own_are_independent() -> None:
    assert independent([told("s1", "A", minutes=1), told("s2", "B")]) == ("B", "A")
    assert independent([]) == ()


def test_one_owner_counts_once_whatever_its_papers_are_called() -> None:
    assert independent([told("s1", "A"), told("s2", "A")]) == ("A",)


def test_a_wire_copy_counts_for_who_had_it_first() -> None:
    wire = prose("wire", 200)
    own = prose("own", 60)
    copied = [told("s1", "A", f"{wire} {own}", 20), told("s2", "Agency", wire), told("s3", "C", f"{own} {wire}", 30)]
    assert independent(copied) == ("Agency",)


def test_half_of_a_text_quoted_is_a_copy_and_a_sentence_is_none() -> None:
    source, own = prose("source", 100), prose("own", 100)
    words = source.split()
    assert independent([told("s1", "A", source), told("s2", "B", f"{' '.join(words[:52])} {own[:200]}")]) == ("A",)
    assert independent([told("s1", "A", source), told("s2", "B", f"{' '.join(words[:20])} {own}")]) == ("A", "B")


def test_who_carries_the_copy_of_another_is_one_voice_with_it_though_it_writes_more() -> None:
    wire = prose("wire")
    reports = [told("s1", "Agency", wire), told("s2", "A", wire, 5), told("s3", "A", minutes=9), told("s4", "B")]
    assert independent(reports) == ("Agency", "B")


def test_voices_that_turn_out_to_be_one_are_joined() -> None:
    one, other = prose("one"), prose("other")
    apart = [told("s1", "A", one), told("s2", "B", other, 1)]
    assert independent(apart) == ("A", "B")
    assert independent([*apart, told("s3", "C", f"{one} {other}", 2)]) == ("A",)


def test_state_media_confirm_nothing_nor_does_who_repeats_them() -> None:
    said = prose("said")
    reports = [told("s1", "State", said, role=Role.STATE_MEDIA), told("s2", "A", said), told("s3", "B")]
    assert independent(reports) == ("B",)
    assert independent(reports[:1]) == ()


def test_who_repeats_what_may_not_count_confirms_nothing() -> None:
    old = told("s1", "A")
    assert independent([told("s2", "B", old.statement.text), told("s3", "C")], [old]) == ("C",)


def test_a_text_too_short_to_be_told_from_a_copy_confirms_nothing() -> None:
    eleven = " ".join(prose("few").split()[:13])
    assert independent([told("s1", "A", eleven)]) == ()
    assert independent([told("s1", "A", f"{eleven} more")]) == ("A",)


def test_what_is_too_short_to_be_repeated_silences_nobody() -> None:
    assert independent([told("s2", "B")], [told("s1", "State", " ".join(prose("s2").split()[:5]))]) == ("B",)


def test_korean_copies_are_found_out_too() -> None:
    text = "함경북도 회령시에서 주민 세 명이 보위부에 체포된 뒤 소식이 끊겼다고 현지 소식통이 전했다."
    first, second = told("s1", "가", text), told("s2", "나", f"{text} 가족은 면회도 하지 못했다.", 3)
    other = told("s3", "다", "양강도 혜산에서는 국경을 넘으려던 일가족이 경비대에 붙잡혀 끌려갔다는 증언이 나왔다.", 4)
    assert independent([first, second, other]) == ("가", "다")


reports = st.lists(
    st.builds(
        told,
        st.uuids().map(str),
        st.sampled_from("ABCD"),
        st.sampled_from([prose(t) for t in ("w", "x", "y", "z")]),
        st.integers(0, 3),
        role=st.sampled_from(Role),
    ),
    max_size=8,
    unique_by=lambda r: r.statement.id,
)


@given(reports, st.randoms(use_true_random=False))
def test_the_order_of_reports_does_not_matter(given: list[Report], random: object) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert independent(shuffled) == independent(given)


@given(reports)
def test_there_are_never_more_voices_than_owners_or_texts(given: list[Report]) -> None:
    names = independent(given)
    speaking = [r for r in given if r.role is not Role.STATE_MEDIA]
    assert len(set(names)) == len(names) <= len({r.owner for r in speaking})
    assert len(names) <= len({r.statement.text for r in speaking})
