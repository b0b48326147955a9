"""What can be wrong with prices, each with its stable code."""

from control_plane.kit.errors import AppError, InvalidInputError


class PriceBookError(Exception):
    """The price books of this program and those of the database can not both be right."""


class PlanUnpricedError(InvalidInputError):
    """The price book in force has no such plan."""

    code = "plan_unpriced"
    title = "Plan has no price"


class PriceBookMissingError(AppError):
    """No price book was in force on that day."""

    code = "price_book_missing"
    status = 422
    title = "No price book"
