"""Asks the broker's program whether it would take a part of a configuration; nothing is started."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from control_plane.kit.unit_of_work import require_no_unit_of_work
from control_plane.provisioning.engine import ClientCertificates, OAuthIssuer
from control_plane.provisioning.errors import ProvisioningError

SECONDS_MAX = 30.0

# The broker's exit status for what it refuses; any other one is a failure of its own.
_REFUSED = 4


def client_certificates(broker_binary: Path, wanted: ClientCertificates) -> str | None:
    """Return why the broker refuses them, None where it takes them; raise ProvisioningError."""
    question = {"authorities": wanted.authorities, "mapping_rules": wanted.mapping_rules}
    return _ask(broker_binary, "check-client-certificates", question)


def oauth_issuer(broker_binary: Path, wanted: OAuthIssuer) -> str | None:
    """Return why the broker refuses it, None where it takes it; raise ProvisioningError."""
    return _ask(broker_binary, "check-oauth-issuer", asdict(wanted))


def _ask(broker_binary: Path, command: str, question: Mapping[str, Any]) -> str | None:
    require_no_unit_of_work()
    try:
        answer = subprocess.run(
            [str(broker_binary), command],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisioningError(f"the broker's program does not answer: {error}") from error
    words = answer.stderr.decode(errors="replace").strip().removeprefix("headrace-broker: ")
    match answer.returncode:
        case 0:
            return None
        case status if status == _REFUSED:
            return words
        case status:
            raise ProvisioningError(f"the broker's program ended with status {status}: {words}")
