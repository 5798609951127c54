"""Symbols of UN documents that a text names: A/HRC/55/63, S/2024/215, A/RES/78/218, CCPR/C/PRK/CO/2.

The forms follow the guide of the Dag Hammarskjöld Library to document symbols: the organ, its parts, a session or a
year, a number, then what was added (Add.1, Rev.2, Corr.1).
"""

import re

#: A text that lists more is a bibliography.
MOST = 20
_REST = r"(?:/[A-Z0-9](?:[A-Z0-9.-]{0,14}[A-Z0-9])?)"
_ADDED = r"(?:/(?:Add|Rev|Corr|Amend)\.\d{1,3})*"
_YEAR = r"(?:19|20)\d\d"
_FORMS = (
    # the General Assembly and its Human Rights Council: A/78/526, A/C.3/78/L.44, A/HRC/WG.6/47/PRK/1, A/RES/48/141
    rf"A/(?:(?:S-|ES-)?\d{{1,3}}|HRC|RES|DEC|PV|INF|CONF\.\d+|AC\.\d+|C\.\d){_REST}{{1,6}}",
    # the Security Council
    rf"S/(?:{_YEAR}/\d{{1,5}}|(?:RES|PV)[/.]\d{{1,5}}|PRST/{_YEAR}/\d{{1,4}}|AC\.\d+{_REST}{{1,4}})",
    # the Economic and Social Council and its old Commission on Human Rights
    rf"E/(?:{_YEAR}|RES|CN\.\d{{1,2}}|C\.\d{{1,2}}){_REST}{{1,6}}",
    # committees under the human rights treaties
    rf"(?:CCPR|CEDAW|CRC|CRPD|CAT|CERD|CMW|CED)/(?:C|OP|SP){_REST}{{1,6}}",
    rf"HRI/(?:CORE|GEN|MC){_REST}{{1,4}}",
)
#: In an address a symbol stands only where the UN's own pages have it.
_SYMBOL = re.compile(
    rf"(?:(?<![A-Za-z0-9/._=-])|(?<=undocs\.org/)|(?<=docs\.un\.org/[a-z]{{2}}/))(?:{'|'.join(_FORMS)}){_ADDED}"
    r"(?![A-Za-z0-9])(?!/[A-Za-z0-9])"
)


def symbols(text: str, most: int = MOST) -> tuple[str, ...]:
    """The first different ones, at most so many, in the order of the text."""
    found = (match[0] for match in _SYMBOL.finditer(text) if any(map(str.isdigit, match[0])))
    return tuple(dict.fromkeys(found))[:most]
