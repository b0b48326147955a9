"""Records whose survival is looked at again and again, by Kafka and by HTTP."""

from __future__ import annotations

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from tests.bad_input.wire import TIMEOUT_SECONDS
from tests.fixtures.kafka_access import KafkaCluster
from tools.running_service import RunningService

RECORDS = 50


class Canary:
    """A topic that nobody touches but to see whether it still answers as it did."""

    def __init__(self, running_service: RunningService, cluster: KafkaCluster) -> None:
        self._access = cluster.access()
        self._values = [f"still here {number}".encode() for number in range(RECORDS)]
        self._topic = cluster.topic("canary", 1)
        self._url = f"/v1/clusters/{cluster.id}/topics/{self._topic}"
        self._http = running_service.http()
        quick = {"group.id": "canary", "fetch.wait.max.ms": "10"}
        self._consumer = Consumer({**self._access.librdkafka(), **quick})
        producer = Producer(self._access.librdkafka())
        for value in self._values:
            producer.produce(self._topic, value, partition=0)
        assert producer.flush(TIMEOUT_SECONDS) == 0
        self._described = self._describe()

    def check(self) -> None:
        """The records are all there in order, and the API says the same of the topic."""
        self._consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
        messages = self._consumer.consume(RECORDS, timeout=TIMEOUT_SECONDS)
        assert [message.value() for message in messages] == self._values
        assert self._describe() == self._described

    def close(self) -> None:
        self._consumer.close()
        self._http.close()

    def _describe(self) -> object:
        answer = self._http.get(self._url)
        assert answer.status_code == 200, answer.text
        return answer.json()
