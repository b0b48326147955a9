from typing import Any

SaslAuthenticateRequest: Any
SaslAuthenticateResponse: Any
SaslHandshakeRequest: Any
SaslHandshakeResponse: Any
