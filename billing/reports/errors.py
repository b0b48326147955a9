"""What can keep a report from being made."""

from control_plane.kit.errors import AppError, UnavailableError


class ReportTooLargeError(AppError):
    """The report has more lines than a page or a document is made for."""

    code = "report_too_large"
    status = 422
    title = "Report too large"


class ReportBusyError(UnavailableError):
    """As many documents as may be typeset at once are being typeset."""

    code = "report_busy"
    title = "Reports busy"


class ReportTimeoutError(UnavailableError):
    """The document was not typeset in the time that one may take."""

    code = "report_timeout"
    title = "Report timed out"
