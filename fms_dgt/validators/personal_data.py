"""Personal data and secrets that can be told by their form: which kinds there are, and where a text has one.

Every expression is bounded in length, so that its time grows with the text alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["email", "phone", "credit_card", "iban", "ip_address", "us_ssn", "secret"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A kind, and what was found, masked: its first characters and its length."""

    kind: str
    masked: str


def sighted(text: str, kinds: Sequence[Kind]) -> Sighting | None:
    """The first piece of personal data of the first of these kinds that a text has any of."""
    has_digits = _DIGIT.search(text) is not None
    for kind in kinds:
        if kind not in _WITHOUT_DIGITS and not has_digits:
            continue
        found = next(_FINDERS[kind](text), None)
        if found is not None:
            return Sighting(kind, masked(found))
    return None


def masked(found: str) -> str:
    """Enough to find it again in the text, and no more."""
    shown = min(3, len(found) // 4)
    return f"{found[:shown]}... ({len(found)} characters)"


# The domains and numbers that are set apart for examples belong to nobody.
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)$")
_FICTION = re.compile(r"555-?01\d\d$")

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w+%-][\w.+%-]{0,63}@((?:[\w](?:[\w-]{0,61}[\w])?\.){1,8}[^\W\d_]{2,24})(?![\w-])"
)
_PHONE = re.compile(
    r"(?<![\w+.])(?:\+[1-9]\d{0,2}[ .\-/]?(?:\(0?\d{0,4}\)[ .\-/]?)?(?:\d{1,5}[ .\-/]){0,5}\d{2,12}"
    r"|(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[ .-]\d{4})(?![\w])"
)
_CARD = re.compile(
    r"(?<![\w.-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{3})?"
    r"|3\d{3}([ -])\d{6}\2\d{4,5})(?![\w-])"
)
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{0,3}:[0-9A-Fa-f:]{1,35}(?![\w:])")
_DIGIT = re.compile(r"\d")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
    r"|(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)"
    r"|(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,100}|glpat-[\w-]{20,60}|hf_[A-Za-z0-9]{30,60})(?!\w)"
    r"|(?<!\w)(?:sk|pk|rk)-(?=[\w-]{0,200}\d)[\w-]{20,200}"
    r"|(?<!\w)(?:sk|rk)_live_[A-Za-z0-9]{16,200}|(?<!\w)xox[abprs]-[\w-]{10,200}|(?<!\w)AIza[\w-]{35}(?!\w)"
    r"|(?<![\w-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{10,1000}"
)

# The first digits of cards of fewer or more than 16 digits, by length.
_ISSUERS = {13: ("4",), 14: ("30", "36", "38", "39"), 15: ("34", "37", "2131", "1800"), 19: ("4", "6")}

# How long an IBAN is, by country.
_IBAN_LENGTHS = {
    name: int(length)
    for length, names in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM TL SO",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "PT ST LY",
        "26": "IS TR",
        "27": "FR GR IT MC MR SM BI DJ",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for name in names.split()
}


def _emails(text: str) -> Iterator[str]:
    found = _EMAIL.finditer(text) if "@" in text else ()
    yield from (each[0] for each in found if not _RESERVED.search(each[1].lower()))


def _phones(text: str) -> Iterator[str]:
    for found in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        if 8 <= len(digits) <= 15 and not _FICTION.search(digits):
            yield found[0]


def _cards(text: str) -> Iterator[str]:
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        begins = _ISSUERS.get(len(digits), tuple("23456"))
        if 13 <= len(digits) <= 19 and digits.startswith(begins) and has_luhn(digits):
            yield found[0]


def has_luhn(digits: str) -> bool:
    """Whether the last of the digits is the check digit of the others."""
    total = 0
    for at, digit in enumerate(map(int, reversed(digits))):
        total += digit if at % 2 == 0 else sum(divmod(2 * digit, 10))
    return total % 10 == 0


def _ibans(text: str) -> Iterator[str]:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2])
        # what follows in capitals may have been taken along
        number = found[0].replace(" ", "")[:length]
        if length is not None and len(number) == length and has_iban_check(number):
            yield number


def has_iban_check(number: str) -> bool:
    """Whether the two digits after the country are the check digits of the rest."""
    moved = number[4:] + number[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def _ip_addresses(text: str) -> Iterator[str]:
    for found in (*_IPV4.finditer(text), *_IPV6.finditer(text)):
        try:
            address = ipaddress.ip_address(found[0])
        except ValueError:
            continue
        # private ones and those of examples lead to nobody
        if address.is_global and not address.is_multicast:
            yield found[0]


def _ssns(text: str) -> Iterator[str]:
    yield from (found[0] for found in _SSN.finditer(text))


def _secrets(text: str) -> Iterator[str]:
    yield from (found[0] for found in _SECRET.finditer(text))


_WITHOUT_DIGITS = ("email", "secret")
_FINDERS: Mapping[str, Callable[[str], Iterator[str]]] = {
    "email": _emails,
    "phone": _phones,
    "credit_card": _cards,
    "iban": _ibans,
    "ip_address": _ip_addresses,
    "us_ssn": _ssns,
    "secret": _secrets,
}
