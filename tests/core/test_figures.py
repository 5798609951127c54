"""Numbers are the same however they are written, and days are no numbers."""

import pytest

from nkwatch.reading.figures import numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("27 people", [27]),
        ("twenty-seven people", [27]),
        ("스물일곱 명", [27]),
        ("Seven were held, vierzehn flohen, dieciséis y quinze", [7, 14, 16, 15]),
        ("1,170 people", [1170]),
        ("3.000 Menschen, 4\u00a0200 personnes", [3000, 4200]),
        ("$23,000 and €5", [23000, 5]),
        ("1.5 million, 2,5 Millionen, 150万, 2만", [1_500_000, 2_500_000, 1_500_000, 20_000]),
        ("네 명, 열 살, 두 가족", [4, 10, 2]),
        ("in twenty days", [20]),
        ("zero, 0, 1 and one, 한 명", []),
        ("on 6 May, May 7th, 6. Mai, 5월 7일, 19일, 6 de mayo", []),
        ("", []),
    ],
)
def test_a_number_is_read(text: str, expected: list[float]) -> None:
    assert sorted(numbers(text)) == sorted(expected)


@pytest.mark.parametrize("char", ["1", "1,", "1 ", "twenty-", "열", "9월 "])
def test_a_hostile_row_of_figures_is_read(char: str) -> None:
    assert isinstance(numbers(char * 50_000), list)
