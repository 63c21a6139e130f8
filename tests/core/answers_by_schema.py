"""Answers that fit the models' schemas, and what is wrong with others."""

from __future__ import annotations

COMMENT = {"author": "Ada", "text": "Well.", "replies": [{"author": "Bo", "text": "No."}]}
ORDER = {
    "id": "2cbf98c1-12f8-4aa8-943e-810895fa0e21",
    "made_at": "2026-10-07T23:47:35Z",
    "total": 12.5,
    "payment": {"method": "card", "last_four": "1234"},
    "items": {"tea": 2},
}
HOME = {"street": "Elm Street 1", "city": "Ely", "postcode": "12345"}
TICKET = {"title": "It stops", "priority": "high", "kind": "bug", "labels": ["crash"], "points": 15}
QUERY = {
    "table": "trips",
    "where": {
        "op": "and",
        "left": {"op": "not", "of": {"op": "=", "column": "from", "value": None}},
        "right": {"op": ">", "column": "km", "value": 2.5},
    },
}
FITTING = {
    "Person": [{"name": "Ada", "home": HOME}, {"name": "Ada", "age": None, "home": HOME, "work": HOME}],
    "Ticket": [TICKET],
    "Comment": [COMMENT, {"author": "Ada", "text": "Well."}],
    "Order": [
        ORDER,
        {**ORDER, "position": [1, 2.5], "page": "https://example.org/a", "payment": {
            "method": "transfer", "iban": "DE02120300000000202051", "booked": None}},
    ],
    "Query": [QUERY, {"table": "trips", "where": None, "limit": 3}],
}  # fmt: skip
OTHERS = [
    ("Person", {"name": "Ada"}, "the top level has no 'home'"),
    ("Person", {"name": "", "home": HOME}, "name must have at least 1 characters"),
    ("Person", {"name": "Ada", "age": 151, "home": HOME}, "age must be 150 or less"),
    ("Person", {"name": "Ada", "age": "9", "home": HOME}, "age must be a whole number or null, not text"),
    (
        "Person",
        {"name": "A", "home": {**HOME, "postcode": "1"}},
        "home.postcode must match the pattern ^[0-9]{5}$",
    ),
    ("Person", {"name": "A", "home": HOME, "work": {}}, "work has no 'street'"),
    ("Ticket", {**TICKET, "priority": "urgent"}, 'priority must be one of "low", "normal", "high"'),
    ("Ticket", {**TICKET, "kind": "idea"}, 'kind must be one of "bug", "question"'),
    ("Ticket", {**TICKET, "labels": ["ui", "ui"]}, "labels may not have an entry twice"),
    ("Ticket", {**TICKET, "points": 7}, "points must be a multiple of 5"),
    ("Ticket", {**TICKET, "extra": 1}, "the top level may not have 'extra'"),
    ("Comment", {**COMMENT, "replies": [{"author": "Bo"}]}, "replies[0] has no 'text'"),
    ("Comment", {**COMMENT, "replies": [COMMENT] * 3}, "replies must have at most 2 entries"),
    ("Order", {**ORDER, "id": "17"}, "id must be a UUID"),
    ("Order", {**ORDER, "made_at": "yesterday"}, "made_at must be a date and time with its zone (RFC 3339)"),
    ("Order", {**ORDER, "total": 10_000}, "total must be less than 10000"),
    ("Order", {**ORDER, "items": {}}, "items must have at least 1 keys"),
    ("Order", {**ORDER, "items": {"tea": 0}}, "items.tea must be 1 or more"),
    (
        "Order",
        {**ORDER, "payment": {"method": "card", "last_four": "12"}},
        r"payment.last_four must match the pattern ^\d{4}$",
    ),
    ("Order", {**ORDER, "position": [1]}, "position must have at least 2 entries"),
    ("Query", {"table": "t", "where": {"op": "not", "of": {"op": "="}}}, "where.of has no 'column'"),
    (
        "Query",
        {"table": "t", "where": {"op": "=", "column": "c", "value": []}},
        "where.value must be a whole number or a number or true or false or text or null, not a list",
    ),
]
