"""Why a usage message is not counted, each with its stable code."""

from typing import ClassVar


class UsageRefusedError(Exception):
    """A message can not be counted: it is kept aside, and those after it are."""

    code: ClassVar[str]


class UsageMessageInvalidError(UsageRefusedError):
    """The message does not say what a usage window says, or says what can not be."""

    code = "usage_message_invalid"


class UsageWindowConflictError(UsageRefusedError):
    """A window of the same source was counted with other contents."""

    code = "usage_window_conflict"


class UsageOrganizationConflictError(UsageRefusedError):
    """The cluster was billed to another organization before."""

    code = "usage_organization_conflict"


class UsageOrganizationUnknownError(UsageRefusedError):
    """There is no such organization."""

    code = "usage_organization_unknown"


class UsageWindowEarlyError(UsageRefusedError):
    """The window ends in a future that no difference between clocks explains."""

    code = "usage_window_early"


class UsagePlanUnpricedError(UsageRefusedError):
    """No price book has a price for the plan on that day."""

    code = "usage_plan_unpriced"
