from typing import Any

ApiVersionsRequest: Any
ApiVersionsResponse: Any
FindCoordinatorRequest: Any
FindCoordinatorResponse: Any
MetadataRequest: Any
MetadataResponse: Any
