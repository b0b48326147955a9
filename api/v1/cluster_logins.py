"""Ways to log in to a cluster beside API keys, as they are written in requests and answers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.schemas import RequestModel, ResponseModel
from control_plane.clusters.lifecycle import NO_CERTIFICATES
from control_plane.clusters.logins import client_certificates
from control_plane.clusters.models import Cluster
from control_plane.provisioning.engine import ClientCertificates

# As the broker takes them (docs/broker-process.md).
AUTHORITIES_LENGTH_MAX = 64 * 1024
MAPPING_RULES_LENGTH_MAX = 8 * 1024

Authorities = Annotated[
    str,
    Field(
        min_length=1,
        max_length=AUTHORITIES_LENGTH_MAX,
        description="Certificates (PEM, at most 20) of the authorities that sign clients' ones.",
        examples=["-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"],
    ),
]
MappingRules = Annotated[
    str,
    Field(
        max_length=MAPPING_RULES_LENGTH_MAX,
        description="Kafka's ssl.principal.mapping.rules; empty for the whole subject (DEFAULT).",
        examples=["RULE:^CN=(.*?),.*$/$1/L,DEFAULT"],
    ),
]
MODE = (
    "required: who shows no certificate is refused. requested: is User:ANONYMOUS, whom rules name."
)


class ClientCertificatesUpdate(RequestModel):
    """Clients that are known by certificates, on a listener of their own; replaced as a whole."""

    mode: Annotated[
        Literal["off", "requested", "required"], Field(description=f"{MODE} off: no such listener.")
    ]
    authorities: Authorities | None = None
    mapping_rules: MappingRules = ""

    @model_validator(mode="after")
    def _has_what_the_mode_needs(self) -> Self:
        if self.mode == "off" and (self.authorities is not None or self.mapping_rules):
            raise ValueError("off takes no authorities and no mapping rules: leave them out")
        if self.mode != "off" and self.authorities is None:
            raise ValueError("authorities expected: whose certificates are to be taken")
        return self

    def wanted(self) -> ClientCertificates | Literal["off"]:
        """Return what is asked for."""
        if self.authorities is None:
            return NO_CERTIFICATES
        return ClientCertificates(
            authorities=self.authorities,
            mapping_rules=self.mapping_rules,
            required=self.mode == "required",
        )


class ClientCertificatesResponse(ResponseModel):
    """Clients that are known by certificates, on the endpoint `ssl`."""

    mode: Annotated[Literal["requested", "required"], Field(description=MODE)]
    authorities: Authorities
    mapping_rules: MappingRules


def client_certificates_response(cluster: Cluster) -> ClientCertificatesResponse | None:
    """Render a cluster's client certificates, None where it takes none."""
    kept = client_certificates(cluster)
    if kept is None:
        return None
    return ClientCertificatesResponse(
        mode="required" if kept.required else "requested",
        authorities=kept.authorities,
        mapping_rules=kept.mapping_rules,
    )
