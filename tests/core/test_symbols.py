"""Symbols of UN documents in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.symbols import MOST, symbols

REAL = [
    "A/HRC/55/63",
    "A/HRC/25/CRP.1",
    "A/HRC/WG.6/47/PRK/1",
    "A/HRC/RES/55/21",
    "A/HRC/55/L.19/Rev.1",
    "A/RES/78/218",
    "A/RES/48/141",
    "A/78/526",
    "A/78/526/Add.1",
    "A/C.3/78/L.44",
    "A/ES-11/L.1",
    "S/2024/215",
    "S/2024/215/Corr.1",
    "S/RES/2397",
    "S/PV.9398",
    "S/PRST/2012/13",
    "S/AC.49/2023/12",
    "E/CN.4/2004/31",
    "E/C.12/PRK/CO/2",
    "E/2024/22",
    "CCPR/C/PRK/CO/2",
    "CEDAW/C/PRK/CO/2-4",
    "CRC/C/PRK/CO/5",
    "CRPD/C/GC/7",
    "CAT/OP/2",
    "HRI/CORE/PRK/2015",
]


@pytest.mark.parametrize("symbol", REAL)
def test_a_symbol_is_found_whatever_stands_around_it(symbol):
    for text in (
        symbol,
        f"The report ({symbol}), of March.",
        f"See {symbol}.",
        f"보고서 {symbol}은 지난",
        f"「{symbol}」",
    ):
        assert symbols(text) == (symbol,), text


@pytest.mark.parametrize("text", [
    "A/B testing", "A/C unit", "an A/V room with 3 screens", "S/4 HANA", "and/or 1/2", "A/4 paper", "s/2024/215",
    "24/7", "S/M/L sizes", "N/A", "CAT/DOG", "TCP/IP 4", "E/M 3", "A/HRC", "A/HRC/report", "CCPR/C/general",
    "https://shop.example/img/S/2024/215", "https://x.example/?d=A/HRC/55/63", "WA/HRC/55/63", "A/HRC/55/63/annex",
])  # fmt: skip
def test_what_only_looks_like_a_symbol_is_none(text):
    assert symbols(text) == ()


def test_addresses_of_the_un_name_the_document():
    text = "https://undocs.org/A/HRC/55/63 and https://docs.un.org/en/S/2024/215"
    assert symbols(text) == ("A/HRC/55/63", "S/2024/215")


def test_each_is_named_once_in_the_order_of_the_text():
    assert symbols("S/2024/215, A/78/526 and again S/2024/215") == ("S/2024/215", "A/78/526")


def test_a_bibliography_is_cut_off():
    text = ", ".join(f"A/HRC/55/{n}" for n in range(1, 100))
    assert len(symbols(text)) == MOST
    assert symbols(text, 2) == ("A/HRC/55/1", "A/HRC/55/2")


@given(st.text("AHRC/S.-05 E2CN", max_size=80))
def test_what_is_found_stands_in_the_text_and_is_found_in_itself(text):
    for symbol in symbols(text):
        assert symbol in text
        assert symbols(symbol) == (symbol,)
