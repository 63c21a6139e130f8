"""The `format`s that are checked; any other is a remark, and a run notes it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from fms_dgt.core.json_schema.pattern import compiled

LONGEST = 10_000

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|([+-])(\d\d):(\d\d))", re.ASCII)
_DURATION = re.compile(
    r"P(?:\d+W|(?=\d|T)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)",
    re.ASCII,
)
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_EMAIL = re.compile(rf"(?:{_ATOM}(?:\.{_ATOM})*|\"[^\"\\\r\n]*\")@(?P<host>.+)")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")


def _date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _time(text: str) -> bool:
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    away, sign = (int(match[5]), int(match[6])) if match[4] else (0, 0), match[4]
    if hour > 23 or minute > 59 or second > 60 or away[0] > 23 or away[1] > 59:
        return False
    if second == 60:
        offset = (away[0] * 60 + away[1]) * (-1 if sign == "-" else 1)
        return (hour * 60 + minute - offset) % 1440 == 1439
    return True


def _date_time(text: str) -> bool:
    # a blank in place of the T is what RFC 3339 lets people write
    return len(text) > 11 and text[10] in "tT " and _date(text[:10]) and _time(text[11:])


def _hostname(text: str) -> bool:
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def _email(text: str) -> bool:
    match = _EMAIL.fullmatch(text)
    if match is None:
        return False
    host = match["host"]
    if host.startswith("[") and host.endswith("]"):
        inside = host[1:-1]
        return _ipv6(inside[5:]) if inside.startswith("IPv6:") else _ipv4(inside)
    return _hostname(host)


def _ipv4(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 (what few schemas need)

    return text.isascii() and _parses(ipaddress.IPv4Address, text)


def _ipv6(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 (what few schemas need)

    return text.isascii() and "%" not in text and _parses(ipaddress.IPv6Address, text)


def _uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _uri(text: str) -> bool:
    return _SCHEME.match(text) is not None and _uri_reference(text)


def _uri_reference(text: str) -> bool:
    if not _URI.fullmatch(text) or text.count("#") > 1:
        return False
    host = (
        text.split("#", maxsplit=1)[0]
        .split("?", maxsplit=1)[0]
        .partition("//")[2]
        .split("/")[0]
        .rpartition("@")[2]
    )
    if "[" not in text and "]" not in text:
        return host.count(":") <= 1
    literal, closing, port = host[1:].partition("]")
    has_port = port == "" or (port[0] == ":" and (port[1:].isdigit() or port == ":"))
    return host.startswith("[") and bool(closing) and has_port and _ipv6(literal)


def _json_pointer(text: str) -> bool:
    return _POINTER.fullmatch(text) is not None


def _regex(text: str) -> bool:
    return _parses(compiled, text)


def _json(text: str) -> bool:
    return _parses(json.loads, text)


def _parses(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, RecursionError):
        return False
    return True


# how a format is called to a model, and what is looked at
_CHECKS: Final[Mapping[str, tuple[str, Callable[[str], bool]]]] = {
    "date": ("a date (YYYY-MM-DD)", _date),
    "date-time": ("a date and time with its zone (RFC 3339)", _date_time),
    "time": ("a time with its zone (HH:MM:SSZ)", _time),
    "duration": ("a duration (ISO 8601)", lambda text: _DURATION.fullmatch(text) is not None and text != "P"),
    "email": ("an email address", _email),
    "idn-email": ("an email address", _email),
    "hostname": ("the name of a host", _hostname),
    "ipv4": ("an IPv4 address", _ipv4),
    "ipv6": ("an IPv6 address", _ipv6),
    "uri": ("a URI", _uri),
    "uri-reference": ("a URI, or a relative one", _uri_reference),
    "uuid": ("a UUID", _uuid),
    "regex": ("a regular expression", _regex),
    "json-pointer": ("a JSON pointer", _json_pointer),
    "json-string": ("text that is JSON itself", _json),
}


def is_checked(name: str) -> bool:
    """Whether a format is looked at."""
    return name in _CHECKS


def words_for(name: str) -> str:
    """What a format is called to a model; an unknown one by its name."""
    return _CHECKS[name][0] if name in _CHECKS else f"text in the format {name}"


def fits(name: str, text: str) -> bool:
    """Whether a text has a format; one that is unknown fits every text."""
    return name not in _CHECKS or (len(text) <= LONGEST and _CHECKS[name][1](text))
