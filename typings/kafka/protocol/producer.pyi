from typing import Any

ProduceRequest: Any
ProduceResponse: Any
InitProducerIdRequest: Any
InitProducerIdResponse: Any
