"""A validator that counts words."""

from __future__ import annotations

from fms_dgt import Kit, Row, Validator, ValidatorOptions, Verdict

from acme_dgt.marker import mark

mark(__name__)


class LengthValidator(Validator[ValidatorOptions]):
    """The score is the number of words."""

    async def validate(self, row: Row, kit: Kit) -> Verdict:
        words = len(str(row[kit.check.on or ""]).split())
        return Verdict(words, reason=f"{words} words")
