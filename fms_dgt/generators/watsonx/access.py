"""Where watsonx is and how it lets us in: the options, and the environment where they say nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from yarl import URL

from fms_dgt.core.generator import USUAL_SAMPLING, GeneratorOptions
from fms_dgt.core.typed import option
from fms_dgt.errors import Problem, did_you_mean
from fms_dgt.generators.shared.environ import Environ
from fms_dgt.generators.shared.keys import KeyRule, named_url
from fms_dgt.generators.shared.text import known_secrets
from fms_dgt.safety.environment import backend_variables

REGIONS = {
    "us-south": "https://us-south.ml.cloud.ibm.com",
    "eu-de": "https://eu-de.ml.cloud.ibm.com",
    "eu-gb": "https://eu-gb.ml.cloud.ibm.com",
    "jp-tok": "https://jp-tok.ml.cloud.ibm.com",
    "au-syd": "https://au-syd.ml.cloud.ibm.com",
    "ca-tor": "https://ca-tor.ml.cloud.ibm.com",
    "ap-south-1": "https://ap-south-1.aws.wxai.ibm.com",
    "us-east-1": "https://us-east-1.aws.wxai.ibm.com",
}
# ends of the host names that are IBM's cloud; anything else is a Cloud Pak installation
CLOUD = (".cloud.ibm.com", ".wxai.ibm.com", "wxai.ibmforusgov.com")

# those of them that answer, and that sign in
VENDOR = (
    ".ml.cloud.ibm.com",
    ".wxai.ibm.com",
    "iam.cloud.ibm.com",
    "private.iam.cloud.ibm.com",
    "wxai.ibmforusgov.com",
    ".wxai.ibmforusgov.com",
)

# fms-dgt's name first, then those of the SDK and of what is built on it
VARIABLES = {
    "url": ("WATSONX_URL", "RUNTIME_ENV_APSX_URL"),
    "region": ("WATSONX_REGION",),
    "project_id": ("WATSONX_PROJECT_ID",),
    "space_id": ("WATSONX_SPACE_ID",),
    "api_key": ("WATSONX_API_KEY", "WATSONX_APIKEY"),
    "token": ("WATSONX_TOKEN", "USER_ACCESS_TOKEN"),
    "username": ("WATSONX_USERNAME",),
    "password": ("WATSONX_PASSWORD",),
    "version": ("WATSONX_VERSION",),
    "verify": ("WX_CLIENT_VERIFY_REQUESTS",),
}


def _default(name: str) -> str:
    return f"default: {VARIABLES[name][0]}"


@dataclass(frozen=True, kw_only=True)
class WatsonxOptions(GeneratorOptions):
    """A project (or space) at a URL (or in a region), and a key for it.

    IBM's cloud wants `api_key` or `token`; Cloud Pak wants `username` with `password` or `api_key`, or
    a `token`. `enforce_schema` sends the reply's JSON schema along.
    """

    url: str | None = option(None, shapes=False, help=_default("url"))
    region: str | None = option(None, shapes=False, help="in place of a URL: us-south, eu-de, ...")
    project_id: str | None = option(None, shapes=False, help=_default("project_id"))
    space_id: str | None = option(None, shapes=False, help=f"in place of a project; {_default('space_id')}")
    api_key: str | None = option(None, secret=True, aliases=("apikey",), help=_default("api_key"))
    token: str | None = option(None, secret=True, help=f"in place of a key; {_default('token')}")
    username: str | None = option(None, shapes=False, help=f"Cloud Pak; {_default('username')}")
    password: str | None = option(None, secret=True, help=f"Cloud Pak; {_default('password')}")
    instance_id: str | None = option(None, shapes=False, help="Cloud Pak; no longer needed, and not used")
    version: str | None = option(None, shapes=False, help="Cloud Pak, '5.3' say; found out if not given")
    auth_url: str | None = option(None, shapes=False, help="where tokens are made, if not the usual place")
    platform_url: str | None = option(None, shapes=False, help="marks 'url' as a cloud that is not listed")
    verify: bool | str | None = option(None, shapes=False, help="false, or a file of certificates to trust")
    api: Literal["chat", "completion"] = option("chat", help="completion: plain generation, no chat template")
    min_new_tokens: int | None = option(None, low=0, help="for plain generation; chat has nothing like it")
    decoding_method: Literal["greedy", "sample"] | None = option(
        None, help="greedy is temperature 0, in every template"
    )
    random_seed: int | None = option(
        None, low=0, help="another number, other answers: joins each call's seed"
    )
    enforce_schema: bool = option(False)

    SAMPLING: ClassVar[tuple[str, ...]] = (
        *USUAL_SAMPLING,
        *("top_k", "repetition_penalty", "frequency_penalty", "presence_penalty"),
        *("min_new_tokens", "decoding_method"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the options and the environment come to. Secrets are in no `repr`.

    `kept_back` is a key of the environment that the place named by the options does not get.
    """

    url: str
    region: str
    project_id: str
    space_id: str
    api_key: str
    token: str
    username: str
    password: str
    version: str
    auth_url: str
    platform_url: str
    verify: bool | str
    kept_back: str = ""
    variables: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Access({self.shown})"

    @property
    def is_cloud(self) -> bool:
        """Whether this is IBM's cloud, not a Cloud Pak installation."""
        return bool(self.platform_url) or _host(self.url).endswith(CLOUD)

    @property
    def shown(self) -> str:
        """The URL as errors and limits show it."""
        return self.url.rpartition("@")[2].partition("?")[0] if "@" in self.url else self.url

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must be in no message."""
        return known_secrets((self.api_key, self.token, self.password))

    def problems(self) -> list[Problem]:
        """What is missing, with the names of the variables that would give it."""
        return [*self._server_problems(), *self._project_problems(), *self._key_problems()]

    def _server_problems(self) -> list[Problem]:
        what = "the watsonx generator"
        if not self.url:
            if self.region:
                mend = did_you_mean(self.region, REGIONS)
                return [Problem(f"{what} does not know the region '{self.region}'", f"{mend}; or give 'url'")]
            mend = "set WATSONX_URL, or write 'region: us-south', say, or 'url: https://...'"
            return [Problem(f"{what} has no URL", mend)]
        found = [
            Problem(f"{what}'s {name} '{url}' is not a URL of a server", "it must begin with 'https://'")
            for name, url in (
                ("URL", self.shown),
                ("auth_url", self.auth_url),
                ("platform_url", self.platform_url),
            )
            if url and not (url.startswith("https://") and _host(url))
        ]
        if isinstance(self.verify, str) and not Path(self.verify).exists():
            mend = "'verify' names a file of certificates to trust"
            found.append(Problem(f"{what} finds no file '{self.verify}'", mend))
        return found

    def _project_problems(self) -> list[Problem]:
        if self.project_id and self.space_id:
            what = "the watsonx generator is given a project and a space"
            return [Problem(what, "keep 'project_id' or 'space_id'")]
        if self.project_id or self.space_id:
            return []
        mend = "set WATSONX_PROJECT_ID (or WATSONX_SPACE_ID), or write 'project_id: ...'"
        return [Problem("the watsonx generator has no project", mend)]

    def _key_problems(self) -> list[Problem]:
        if self.token or not self.url:
            return []
        if self.kept_back and not (self.api_key or self.password):
            rule = KeyRule(kind="watsonx", vendor=VENDOR, variable=VARIABLES["url"][0])
            field = next(name for name, variables in VARIABLES.items() if self.kept_back in variables)
            return [rule.problem(self.kept_back, URL(self.auth_url or self.url), field)]
        if self.is_cloud:
            mend = "set WATSONX_API_KEY (or WATSONX_TOKEN)"
            what = f"the watsonx generator has no key for {self.shown}"
            return [] if self.api_key else [Problem(what, mend)]
        if self.username and (self.password or self.api_key):
            return []
        mend = "set WATSONX_USERNAME and WATSONX_PASSWORD (or WATSONX_API_KEY), or WATSONX_TOKEN"
        missing = "password" if self.username else "user"
        return [Problem(f"the watsonx generator has no {missing} for the Cloud Pak at {self.shown}", mend)]


def access_of(options: WatsonxOptions, environment: Mapping[str, str] | None = None) -> Access:
    """The options, and the environment where they say nothing.

    What is given in the options is not mixed with another of its kind from the environment: a project
    with a space, a URL with a region, a token with a key. Keys of the environment go to IBM's cloud, and to
    the host that the environment names.
    """
    values = environment if environment is not None else backend_variables("watsonx")
    environ = Environ("watsonx", values)

    def said(name: str, *others: str) -> str:
        is_settled = any(getattr(options, other) for other in others)
        return environ.value(getattr(options, name), *(() if is_settled else VARIABLES.get(name, ())))

    url, region = said("url", "region").rstrip("/"), said("region", "url")
    url = url or REGIONS.get(region, "")
    kept_back = "" if _is_trusted(options, url, values) else _first_key(values)

    def secret(name: str, *others: str) -> str:
        return said(name, *others) if not kept_back else str(getattr(options, name) or "").strip()

    project = said("project_id", "space_id")
    key = secret("api_key", "token", "password")
    access = Access(
        url=url,
        region=region,
        project_id=project,
        space_id=said("space_id", "project_id") if options.space_id or not project else "",
        api_key=key,
        token=secret("token", "api_key", "password") if options.token or not key else "",
        username=said("username"),
        password=secret("password", "api_key", "token"),
        version=said("version"),
        auth_url=(options.auth_url or "").strip(),
        platform_url=(options.platform_url or "").strip().rstrip("/"),
        verify=_verify(options.verify if options.verify is not None else said("verify")),
        kept_back=kept_back,
        variables=(),
    )
    return dataclasses.replace(access, variables=environ.used)


def _rule(environment: Mapping[str, str]) -> KeyRule:
    named = next((environment[name] for name in VARIABLES["url"] if environment.get(name)), "")
    return KeyRule(kind="watsonx", vendor=VENDOR, variable=VARIABLES["url"][0], named=named_url(named))


def _is_trusted(options: WatsonxOptions, url: str, environment: Mapping[str, str]) -> bool:
    """Whether the places that the options name may get the environment's keys."""
    urls = [text for text in (url, options.auth_url or "", options.platform_url or "") if text.strip()]
    bases = [named_url(text) for text in urls]
    return _rule(environment).trusts(*(base for base in bases if base is not None))


def _first_key(environment: Mapping[str, str]) -> str:
    """The variable of the environment that holds a key."""
    names = [name for kind in ("api_key", "token", "password") for name in VARIABLES[kind]]
    return next((name for name in names if environment.get(name, "").strip()), "")


def _verify(said: bool | str) -> bool | str:
    if isinstance(said, bool):
        return said
    return {"": True, "true": True, "false": False}.get(said.lower(), said)


def _host(url: str) -> str:
    try:
        return URL(url).host or ""
    except ValueError:
        return ""
