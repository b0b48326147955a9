"""librdkafka settings that producers and readers share."""

from collections.abc import Callable

from confluent_kafka import KafkaError

from data_plane.gateway.endpoints import ClientCredentials, Route

CLIENT_ID = "headrace-gateway"
RECONNECT_BACKOFF_MS = 20
RECONNECT_BACKOFF_MAX_MS = 500
LOG_NOTHING = 0

OnError = Callable[[KafkaError], None]
ClientSetting = str | int | float | bool | OnError


def connection_settings(
    route: Route, credentials: ClientCredentials, on_error: OnError
) -> dict[str, ClientSetting]:
    """Return the settings by which any client connects as the caller of `route`."""
    endpoint = route.endpoint
    settings: dict[str, ClientSetting] = {
        "bootstrap.servers": endpoint.bootstrap_servers,
        "security.protocol": endpoint.security_protocol,
        "client.id": CLIENT_ID,
        "socket.nagle.disable": True,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": RECONNECT_BACKOFF_MS,
        "reconnect.backoff.max.ms": RECONNECT_BACKOFF_MAX_MS,
        "enable.metrics.push": False,
        # Errors come to `on_error` and with each record; librdkafka's own lines add nothing.
        "log_level": LOG_NOTHING,
        "error_cb": on_error,
    }
    if endpoint.security_protocol.startswith("SASL_"):
        settings |= credentials.client_settings(route.principal, endpoint.cluster_id)
    if endpoint.ca_certificate is not None:
        settings["ssl.ca.pem"] = endpoint.ca_certificate
    return settings
