"""Any S3, by boto3. The only place that knows it."""

import base64
import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3.session  # pyright: ignore[reportMissingTypeStubs]
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
    BotoCoreError,
    ClientError,
)

from data_plane.tiering.bucket import Stored
from data_plane.tiering.errors import BucketUnavailableError, ObjectMissingError
from data_plane.tiering.limits import (
    ANSWER_SECONDS_MAX,
    ATTEMPTS_MAX,
    CONNECT_SECONDS_MAX,
    DELETED_AT_ONCE_MAX,
    PART_BYTES,
    READ_BYTES,
    TRANSFERS_MAX,
)

ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
NO_UPLOAD = "NoSuchUpload"


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """What signs requests. Never shown."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "S3Credentials(...)"


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket, and where it is. Without an endpoint it is at AWS."""

    bucket: str
    endpoint_url: str | None = None
    region: str | None = None


class S3Bucket:
    """Implements `Bucket`. Without credentials those of the machine's role are used."""

    def __init__(self, place: S3Place, credentials: S3Credentials | None) -> None:
        self._bucket = place.bucket
        keys: dict[str, Any] = {}
        if credentials is not None:
            keys = {
                "aws_access_key_id": credentials.access_key_id,
                "aws_secret_access_key": credentials.secret_access_key,
                "aws_session_token": credentials.session_token,
            }
        config = Config(
            connect_timeout=CONNECT_SECONDS_MAX,
            read_timeout=ANSWER_SECONDS_MAX,
            retries={"max_attempts": ATTEMPTS_MAX, "mode": "standard"},
            max_pool_connections=TRANSFERS_MAX,
            # Content-MD5 is what every S3 checks; the newer checksums are not.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "auto" if place.endpoint_url is None else "path"},
        )
        with _told("open the bucket"):
            session: Any = boto3.session.Session()
            self._client: Any = session.client(
                "s3",
                endpoint_url=place.endpoint_url,
                region_name=place.region or "us-east-1",
                config=config,
                **keys,
            )

    def list(self, prefix: str) -> Iterator[Stored]:
        with _told(f"list {prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    yield Stored(found["Key"], found["Size"], found["LastModified"])

    def read(self, key: str) -> Iterator[bytes]:
        with _told(f"read {key}", key):
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
            try:
                yield from body.iter_chunks(READ_BYTES)
            finally:
                body.close()

    def put(self, key: str, content: bytes) -> None:
        with _told(f"write {key}"):
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, ContentMD5=_md5(content)
            )

    def upload(self, key: str, path: Path) -> None:
        with path.open("rb") as file:
            first = file.read(PART_BYTES)
            following = file.read(PART_BYTES)
            if not following:
                self.put(key, first)
                return
            with _told(f"write {key}"), self._parts(key) as parts:
                parts.add(first)
                while following:
                    parts.add(following)
                    following = file.read(PART_BYTES)

    def delete(self, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), DELETED_AT_ONCE_MAX):
            part = keys[first : first + DELETED_AT_ONCE_MAX]
            with _told("delete objects"):
                wanted = {"Objects": [{"Key": key} for key in part], "Quiet": True}
                answer = self._client.delete_objects(Bucket=self._bucket, Delete=wanted)
            refused = [one for one in answer.get("Errors", ()) if one["Code"] not in ABSENT]
            if refused:
                raise BucketUnavailableError(
                    f"can not delete {refused[0]['Key']}: {refused[0]['Code']}"
                )

    def abandon_uploads(self, prefix: str) -> None:
        with _told(f"list uploads of {prefix}"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for found in page.get("Uploads", ()):
                    if found["Key"].startswith(prefix):
                        self._abort(found["Key"], found["UploadId"])

    @contextmanager
    def _parts(self, key: str) -> Generator["_Parts"]:
        """Send an object in parts: it is there once all of them are."""
        answer = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
        parts = _Parts(self._client, self._bucket, key, answer["UploadId"])
        try:
            yield parts
            parts.complete()
        except BaseException:
            self._abort(key, answer["UploadId"])
            raise

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            if _code(error) != NO_UPLOAD:
                raise


class _Parts:
    """The parts of one object, one after the other."""

    def __init__(self, client: Any, bucket: str, key: str, upload_id: str) -> None:
        self._client = client
        self._upload = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
        self._sent: list[dict[str, Any]] = []

    def add(self, content: bytes) -> None:
        number = len(self._sent) + 1
        answer = self._client.upload_part(
            **self._upload, PartNumber=number, Body=content, ContentMD5=_md5(content)
        )
        self._sent.append({"PartNumber": number, "ETag": answer["ETag"]})

    def complete(self) -> None:
        self._client.complete_multipart_upload(
            **self._upload, MultipartUpload={"Parts": self._sent}
        )


@contextmanager
def _told(act: str, key: str | None = None) -> Generator[None]:
    """Turn what boto3 raises into words: nothing of a request's headers is among them."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if key is not None and code in ABSENT:
            raise ObjectMissingError(f"{key} is not in the bucket") from error
        raise BucketUnavailableError(f"can not {act}: the bucket answers {code}") from error
    except BotoCoreError as error:
        kind = type(error).__name__
        raise BucketUnavailableError(f"can not {act}: {kind}: {error}") from error


def _code(error: ClientError) -> str:
    response: Any = error.response  # pyright: ignore[reportUnknownMemberType]
    return str(response.get("Error", {}).get("Code", "unknown"))


def _md5(content: bytes) -> str:
    found = hashlib.md5(content, usedforsecurity=False).digest()
    return base64.b64encode(found).decode()
