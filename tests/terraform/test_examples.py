"""What the documentation shows is valid, all of it together."""

from __future__ import annotations

import pytest

from tools.paths import TERRAFORM_PROVIDER
from tools.terraform_cli import Configuration

pytestmark = pytest.mark.xdist_group("terraform")

EXAMPLES = TERRAFORM_PROVIDER / "examples"
# It shows a secret store, whose provider a registry would have to give.
FOREIGN = "ephemeral-resources/headrace_secret"


def test_documented_examples_are_valid(configuration: Configuration) -> None:
    shown = sorted(EXAMPLES.rglob("*.tf"))
    own = [path for path in shown if FOREIGN not in path.as_posix()]
    assert len(own) == len(shown) - 1
    configuration.write("\n".join(path.read_text(encoding="utf-8") for path in own))
    configuration.run("validate")


def test_the_example_with_a_secret_store_takes_what_is_there(configuration: Configuration) -> None:
    """The part of it that is ours, with the store's secret in a variable."""
    text = (EXAMPLES / FOREIGN / "ephemeral-resource.tf").read_text(encoding="utf-8")
    key = text[text.index('resource "headrace_api_key"') :]
    ours = key.replace(
        "ephemeral.aws_secretsmanager_secret_version.shop.secret_string", "var.secret"
    ).replace("aws_secretsmanager_secret_version.shop.secret_string_wo_version", "1")
    assert "aws_" not in ours
    variable = 'variable "secret" {\n  ephemeral = true\n}\n'
    cluster = (EXAMPLES / "resources/headrace_cluster/resource.tf").read_text(encoding="utf-8")
    provider = (EXAMPLES / "provider/provider.tf").read_text(encoding="utf-8")
    configuration.write(provider + variable + cluster + ours)
    configuration.run("validate")
