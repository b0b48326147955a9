"""The version of this distribution."""

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "headrace"
SOURCE_TREE_VERSION = "0.1.0"


def _installed_version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:  # run from a source tree that is on the path
        return SOURCE_TREE_VERSION


VERSION = _installed_version()
