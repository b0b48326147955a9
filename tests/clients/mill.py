"""A cluster that takes tokens of an organization's own issuer, and how clients log in by them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fixtures.identity_provider import IdentityProvider
from tests.fixtures.kafka_access import KafkaCluster

OAUTHBEARER = "org.apache.kafka.common.security.oauthbearer"
ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls"
SECRET = "secret"


@dataclass(frozen=True)
class Mill:
    """A cluster, its listener for the issuer's clients, and the issuer."""

    kafka: KafkaCluster
    address: str
    provider: IdentityProvider

    def librdkafka(self, client_id: str) -> dict[str, str]:
        """Options of a client that asks the issuer for its tokens itself."""
        return {
            "bootstrap.servers": self.address,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": client_id,
            "sasl.oauthbearer.client.secret": SECRET,
            "sasl.oauthbearer.token.endpoint.url": self.provider.token_url,
            "ssl.ca.location": str(self.kafka.ca_file),
        }

    def program(self, client_id: str) -> dict[str, str]:
        """For the programs of clients in other languages, as their first line."""
        return {
            "bootstrap": self.address,
            "ca_file": str(self.kafka.ca_file),
            "token_url": self.provider.token_url,
            "client_id": client_id,
        }

    def java(self, client_id: str) -> str:
        """For Java clients, as the text of a properties file."""
        module = f"{OAUTHBEARER}.OAuthBearerLoginModule"
        login = f'{module} required clientId="{client_id}" clientSecret="{SECRET}";'
        lines = [
            "security.protocol=SASL_SSL",
            "sasl.mechanism=OAUTHBEARER",
            f"sasl.jaas.config={login}",
            f"sasl.login.callback.handler.class={OAUTHBEARER}.OAuthBearerLoginCallbackHandler",
            f"sasl.oauthbearer.token.endpoint.url={self.provider.token_url}",
            "ssl.truststore.type=PEM",
            f"ssl.truststore.location={self.kafka.ca_file}",
        ]
        return "\n".join(lines) + "\n"

    @property
    def java_options(self) -> list[str]:
        """What the machine is told: it asks no URL for tokens that it was not told of."""
        return [f"-D{ALLOWED_URLS}={self.provider.token_url}"]
