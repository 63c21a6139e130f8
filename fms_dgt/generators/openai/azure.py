"""OpenAI's models as Azure hosts them: by deployment and API version."""

from __future__ import annotations

from dataclasses import dataclass

from fms_dgt.core.typed import option
from fms_dgt.errors import Problem
from fms_dgt.generators.openai.access import Access, checked, goes_straight, open_secrets, url_of
from fms_dgt.generators.openai.generator import ProtocolGenerator
from fms_dgt.generators.openai.options import ServerOptions
from fms_dgt.generators.shared.environ import Environ
from fms_dgt.generators.shared.keys import KeyRule, named_url

ENDPOINT_VARIABLE = "AZURE_OPENAI_ENDPOINT"
KEY_VARIABLE = "AZURE_OPENAI_API_KEY"
TOKEN_VARIABLE = "AZURE_OPENAI_AD_TOKEN"  # noqa: S105 (a name, no token)
VERSION_VARIABLE = "OPENAI_API_VERSION"
API_VERSION = "2024-10-21"
VENDOR = (
    ".openai.azure.com",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
    ".openai.azure.us",
    ".openai.azure.cn",
)

MEND_KEY = f"set {KEY_VARIABLE}, or {TOKEN_VARIABLE} to a token of Entra ID"
MEND = {
    401: "check the key or token, and that it is one for this endpoint; tokens end after an hour or so",
    404: "check 'azure_endpoint', 'deployment' and 'api_version'",
}


@dataclass(frozen=True, kw_only=True)
class AzureOptions(ServerOptions):
    """Which resource and deployment, and how it lets us in: by key, or by a token of Entra ID."""

    azure_endpoint: str | None = option(
        None, shapes=False, help=f"https://NAME.openai.azure.com (default: {ENDPOINT_VARIABLE})"
    )
    deployment: str | None = option(None, shapes=False, help="default: the model's name")
    api_version: str | None = option(
        None, shapes=False, help=f"default: {VERSION_VARIABLE}, else {API_VERSION}"
    )
    api_key: str | None = option(None, secret=True, help=f"default: {KEY_VARIABLE}")
    azure_ad_token: str | None = option(
        None, secret=True, help=f"goes before the key (default: {TOKEN_VARIABLE}, where there is no key)"
    )


class AzureGenerator(ProtocolGenerator):
    """OpenAI's models as Azure hosts them, by deployment and API version.

    In a config file:

        databuilders:
          "*":
            blocks:
              - name: generator
                type: azure
                azure_endpoint: https://example.openai.azure.com
                deployment: my-gpt-4o
    """

    Options = AzureOptions

    def __init__(self, options: AzureOptions) -> None:
        super().__init__(options, _access(options))


def _access(options: AzureOptions) -> Access:
    environ = Environ("azure")
    endpoint = environ.value(options.azure_endpoint, ENDPOINT_VARIABLE)
    deployment = options.deployment or options.model_id_or_path
    version = environ.value(options.api_version, VERSION_VARIABLE) or API_VERSION
    base = url_of(endpoint)
    rule = KeyRule(
        kind="azure",
        vendor=VENDOR,
        variable=ENDPOINT_VARIABLE,
        named=named_url(environ.peek(ENDPOINT_VARIABLE)),
        straight=goes_straight(options),
    )
    trusted = rule.trusts(base)
    if base.absolute:
        base = base.joinpath("openai", "deployments", deployment) % {"api-version": version}
    key = environ.value(options.api_key, KEY_VARIABLE if trusted else "")
    token = options.azure_ad_token or ""
    if not key and not token:
        token = environ.value(None, TOKEN_VARIABLE if trusted else "")
    problems = open_secrets("azure", options.azure_endpoint)
    kept_back = next((name for name in (KEY_VARIABLE, TOKEN_VARIABLE) if environ.peek(name)), "")
    if not key and not token:
        field = "azure_ad_token" if kept_back == TOKEN_VARIABLE else "api_key"
        missing = Problem("the azure generator has no key", MEND_KEY)
        problems.append(rule.problem(kept_back, base, field) if kept_back and endpoint else missing)
    access = Access(
        kind="azure",
        base=base,
        headers={"Authorization": f"Bearer {token}"} if token else {"api-key": key},
        secrets=(key, token),
        problems=problems,
        mend=MEND,
        max_tokens_name="max_completion_tokens",
        mend_url=f"set {ENDPOINT_VARIABLE}, or 'azure_endpoint: https://NAME.openai.azure.com'",
        variables=environ.used,
        hosted=True,
    )
    return checked(access, options)
