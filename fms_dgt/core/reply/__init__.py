"""Reply contracts: what the answer to a template must look like, and how it is read."""

from fms_dgt.core.reply.contract import Reading, ReplyContract
from fms_dgt.core.reply.fields import FieldsReply
from fms_dgt.core.reply.json_value import JsonReply
from fms_dgt.core.reply.listing import ListReply
from fms_dgt.core.reply.parse import contract_from
from fms_dgt.core.reply.score import ScoreReply
from fms_dgt.core.reply.text import TextReply

__all__ = [
    "FieldsReply",
    "JsonReply",
    "ListReply",
    "Reading",
    "ReplyContract",
    "ScoreReply",
    "TextReply",
    "contract_from",
]
