"""A few records of one request: decoded, handed over in order, and reported on in order."""

import asyncio

from api.kafka_rest.reports import FailureReport, Report, report
from control_plane.kit.errors import AppError
from data_plane.gateway.codecs import decode_record
from data_plane.gateway.deliveries import Outcome
from data_plane.gateway.errors import MalformedJsonError
from data_plane.gateway.producer_pool import Sender
from data_plane.gateway.records import NewRecord


class Batch:
    """Documents that arrived together. What follows a malformed one is not looked at.

    Where one document can not be read, nothing says where the next begins.
    """

    def __init__(self, documents: list[bytes]) -> None:
        self.malformed: MalformedJsonError | None = None
        self._decoded: list[NewRecord | AppError] = []
        for document in documents:
            self._decoded.append(self._decode(document))
            if self.malformed is not None:
                break
        self._sent: asyncio.Task[list[Outcome]] | None = None
        self._refusal: AppError | None = None

    def __len__(self) -> int:
        return len(self._decoded)

    async def send(self, sender: Sender, topic: str, patience_seconds: float) -> None:
        """Hand the records over, waiting as long for room as is said."""
        records = [found for found in self._decoded if isinstance(found, NewRecord)]
        if not records:
            return
        try:
            self._sent = await sender.send(topic, records, patience_seconds)
        except AppError as error:
            self._refusal = error

    async def outcomes(self) -> list[Outcome]:
        """Wait until every document has come to something."""
        sent = iter([] if self._sent is None else await asyncio.shield(self._sent))
        return [
            found if isinstance(found, AppError) else self._refusal or next(sent)
            for found in self._decoded
        ]

    async def reports(self, cluster_id: str, topic: str) -> list[Report | FailureReport]:
        """Wait for the outcomes and report each."""
        return [
            report(cluster_id, topic, found if isinstance(found, NewRecord) else None, outcome)
            for found, outcome in zip(self._decoded, await self.outcomes(), strict=True)
        ]

    def _decode(self, document: bytes) -> NewRecord | AppError:
        try:
            return decode_record(document)
        except MalformedJsonError as error:
            self.malformed = error
            return error
        except AppError as error:
            return error
