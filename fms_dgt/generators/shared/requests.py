"""Requests, written: as plain text, as JSON, and with the schema that holds the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fms_dgt.core.generator import Request
from fms_dgt.errors import RequestRefused

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def plain_prompt(request: Request) -> str:
    """The request as plain text: its prompt, or what its messages say, with an empty line between."""
    if request.prompt is not None:
        return request.prompt
    return "\n\n".join(str(message.get("content", "")) for message in request.messages)


def response_format(schema: Mapping[str, Any], *, strict: bool = True) -> dict[str, Any]:
    """The entry of a chat that holds the answer to a schema; one that is not strict is a hint alone."""
    form = {"name": "reply", "schema": schema, "strict": strict}
    return {"type": "json_schema", "json_schema": form}


def written(body: Any) -> bytes:
    """A body as JSON. Raises RequestRefused where it is none."""
    try:
        # as ASCII: half a character, which models do write, has no other form
        return _encode(body).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestRefused(f"the request cannot be written as JSON: {error}") from error
