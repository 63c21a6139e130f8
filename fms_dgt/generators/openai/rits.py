"""RITS, the model service of IBM Research: the OpenAI protocol with its own key header and URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from yarl import URL

from fms_dgt.core.typed import option
from fms_dgt.errors import Problem
from fms_dgt.generators.openai.access import Access, checked, goes_straight, open_secrets, url_of
from fms_dgt.generators.openai.generator import ProtocolGenerator
from fms_dgt.generators.openai.options import ServerOptions
from fms_dgt.generators.shared.environ import Environ
from fms_dgt.generators.shared.keys import KeyRule, named_url

KEY_VARIABLE = KEY_HEADER = "RITS_API_KEY"
URL_VARIABLE = "RITS_BASE_URL"
SERVICE = "https://inference-3scale-apicast-production.apps.rits.fmaas.res.ibm.com/{endpoint}/v1"
VENDOR = (".rits.fmaas.res.ibm.com",)
# versions lose their dot (v0.1 is v01), all else that is no letter and no digit becomes a dash
_VERSION = re.compile(r"\bv(\d+)\.(\d+)")
_OTHER = re.compile(r"[^a-z0-9]+")
_ENDPOINT = "{endpoint}"
# one part of a host name or of a path, which leads nowhere else
_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9._-]+")

MEND = {
    401: f"check {KEY_VARIABLE}",
    403: f"check {KEY_VARIABLE}, and that it may use this model",
    404: "check the model's name, and set 'endpoint_name' to what the service calls its endpoint",
}


@dataclass(frozen=True, kw_only=True)
class RitsOptions(ServerOptions):
    """Which endpoint of the service. In a `base_url`, `{endpoint}` stands for the endpoint's name."""

    base_url: str | None = option(None, shapes=False, help=f"default: {URL_VARIABLE}, else the service's")
    endpoint_name: str | None = option(None, shapes=False, help="default: made of the model's name")
    api_key: str | None = option(None, secret=True, help=f"default: {KEY_VARIABLE}")
    min_tokens: int | None = option(None, low=0, aliases=("min_new_tokens",))

    SAMPLING: ClassVar[tuple[str, ...]] = (*ServerOptions.SAMPLING, "min_tokens")


class RitsGenerator(ProtocolGenerator):
    """RITS, the model service of IBM Research: the OpenAI protocol with its own key header and URLs.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: rits
                model_id_or_path: ibm-granite/granite-3.3-8b-instruct
    """

    Options = RitsOptions

    def __init__(self, options: RitsOptions) -> None:
        super().__init__(options, _access(options))


def endpoint_name(model: str) -> str:
    """What the service calls the endpoint of a model: `org/Granite-3.1-8b` is `granite-3-1-8b`."""
    name = _VERSION.sub(r"v\1\2", model.rpartition("/")[2].lower())
    return _OTHER.sub("-", name).strip("-")


def _access(options: RitsOptions) -> Access:
    environ = Environ("rits")
    scheme = environ.value(options.base_url, URL_VARIABLE) or SERVICE
    name = options.endpoint_name or endpoint_name(options.model_id_or_path)
    is_name = _NAME.fullmatch(name) is not None
    base = url_of(scheme.replace(_ENDPOINT, name if is_name else ""))
    rule = KeyRule(
        kind="rits",
        vendor=VENDOR,
        variable=URL_VARIABLE,
        named=_with_any_name(environ.peek(URL_VARIABLE)),
        straight=goes_straight(options),
    )
    # who gets the key is decided before a config's name is put into the URL
    template = _with_any_name(scheme)
    trusted = is_name and template is not None and rule.trusts(template)
    key = environ.value(options.api_key, KEY_VARIABLE if trusted else "")
    problems = open_secrets("rits", options.base_url)
    if not is_name:
        what = f"the rits generator's endpoint '{name}' is not a name"
        problems.append(Problem(what, "set 'endpoint_name' to letters, digits, '.', '_' and '-'"))
    elif not key:
        missing = Problem("the rits generator has no key", f"set {KEY_VARIABLE}")
        problems.append(rule.problem(KEY_VARIABLE, base) if environ.peek(KEY_VARIABLE) else missing)
    access = Access(
        kind="rits",
        base=base,
        headers={KEY_HEADER: key},
        secrets=(key,),
        problems=problems,
        mend=MEND,
        variables=environ.used,
    )
    return checked(access, options)


def _with_any_name(url: str) -> URL | None:
    """A URL with some endpoint's name in it, to compare hosts."""
    return named_url(url.replace(_ENDPOINT, "endpoint"))
