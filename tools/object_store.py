"""A real S3 server out of a wheel (SeaweedFS), for tests and proofs of remote copies."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from data_plane.tiering.s3 import S3Credentials, S3Place
from tools.paths import venv_tool

START_SECONDS_MAX = 60
LOOPBACK = "127.0.0.1"
CREDENTIALS = S3Credentials("uploader", "a-secret-of-the-tests")


@dataclass(frozen=True)
class ObjectStore:
    """A server that runs, and a client of it that is not the one under test."""

    endpoint_url: str
    client: Any

    def place(self, bucket: str) -> S3Place:
        """Return where this bucket is, which is made."""
        self.client.create_bucket(Bucket=bucket)
        return S3Place(bucket, self.endpoint_url)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def patch(self, bucket: str, key: str) -> None:
        """Change one byte of an object."""
        content = bytearray(self.client.get_object(Bucket=bucket, Key=key)["Body"].read())
        content[len(content) // 2] ^= 1
        self.client.put_object(Bucket=bucket, Key=key, Body=bytes(content))


@contextmanager
def object_store(directory: Path) -> Generator[ObjectStore]:
    """Start the server on free ports of loopback, with its data in `directory`."""
    with ExitStack() as closing:
        names = ("master", "volume", "filer", "s3", "master.grpc", "volume.grpc", "filer.grpc")
        held = [closing.enter_context(socket.socket()) for _ in (*names, "s3.grpc")]
        for one in held:
            one.bind((LOOPBACK, 0))
        master, volume, filer, s3, *grpc = (one.getsockname()[1] for one in held)
    data = directory / "objects"
    data.mkdir(parents=True, exist_ok=True)
    identities = directory / "identities.json"
    identities.write_text(_identities(), encoding="utf-8")
    command = [str(venv_tool("weed")), "server", f"-dir={data}", f"-ip={LOOPBACK}"]
    command += ["-master.volumeSizeLimitMB=64", "-volume.max=100", "-volume.minFreeSpace=1"]
    command += ["-filer", "-s3", f"-s3.config={identities}", "-s3.port.iceberg=0"]
    command += ["-s3.port.lance=0", f"-s3.localSocket={directory / 's3.sock'}"]
    command += [f"-filer.localSocket={directory / 'filer.sock'}"]
    for name, port, grpc_port in zip(
        ("master", "volume", "filer", "s3"), (master, volume, filer, s3), grpc, strict=True
    ):
        command += [f"-{name}.port={port}", f"-{name}.port.grpc={grpc_port}"]
    with (directory / "objects.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=directory, stdout=log, stderr=subprocess.STDOUT)
    try:
        store = ObjectStore(f"http://{LOOPBACK}:{s3}", _client(f"http://{LOOPBACK}:{s3}"))
        _await_answer(store, server, directory / "objects.log")
        yield store
    finally:
        # Nobody needs what it keeps, and an end in order takes it a quarter of a minute.
        server.kill()
        server.wait()


def _identities() -> str:
    keys = {
        "accessKey": CREDENTIALS.access_key_id,
        "secretKey": CREDENTIALS.secret_access_key,
    }
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {"name": "uploader", "credentials": [keys], "actions": actions}
    return json.dumps({"identities": [identity]})


def _client(endpoint_url: str) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def _await_answer(store: ObjectStore, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an object can be written and read again."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            store.client.create_bucket(Bucket="ready")
            store.client.put_object(Bucket="ready", Key="ready", Body=b"ready")
            store.client.get_object(Bucket="ready", Key="ready")["Body"].read()
        except (BotoCoreError, ClientError):
            said = log.read_text(errors="replace")[-2000:]
            assert server.poll() is None, f"the object store did not start: {said}"
            assert time.monotonic() < deadline, f"the object store did not start in time: {said}"
            time.sleep(0.1)
        else:
            return
