"""Text of strangers' code and servers without what looks like a key."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"""\b(?:sk|pk|gsk|hf|key)[-_][\w-]{8,}      # keys that show by their beginning
      | (?<=\bBearer\s)\S+
      | (?<=://)[^/@\s]+(?=@)                    # user:password in a URL
      | (?<=key[=:])\s*['"]?[\w.-]{8,} | (?<=token[=:])\s*['"]?[\w.-]{8,}
    """,
    re.IGNORECASE | re.VERBOSE,
)


def hide_secrets(text: str) -> str:
    """The text with `***` in place of each key that shows as one."""
    return _SECRETS.sub("***", text)
