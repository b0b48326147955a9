"""What users are mailed; pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A subject and a body."""

    subject: str
    body: str


def verification(link: str, hours: int) -> Text:
    """Return the mail that proves the address of a sign-up."""
    return Text(
        "Confirm your e-mail address",
        "Somebody, most likely you, signed up with this address.\n\n"
        f"Confirm it here, within {hours} hours:\n\n{link}\n\n"
        "If it was not you, do nothing: without this link nothing is made.\n",
    )


def already_there(sign_in: str) -> Text:
    """Return the mail to an address that signs up although it has signed up before."""
    return Text(
        "You have signed up already",
        "Somebody, most likely you, tried to sign up with this address, which is known already.\n\n"
        f"Sign in here; a forgotten password can be replaced there:\n\n{sign_in}\n\n"
        "If it was not you, nothing needs to be done.\n",
    )


def password_reset(link: str, minutes: int) -> Text:
    """Return the mail with which a password is set."""
    return Text(
        "Set a new password",
        "Somebody, most likely you, asked to set a new password for this address.\n\n"
        f"Set it here, within {minutes} minutes; the link works once:\n\n{link}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n",
    )


def password_changed() -> Text:
    """Return the mail that tells of a changed password."""
    return Text(
        "Your password was changed",
        "The password for this address was changed, and every session was ended.\n\n"
        "If it was not you, set a new one at once: the sign-in page leads there.\n",
    )


def invitation(organization: str, link: str, hours: int) -> Text:
    """Return the mail to somebody who was made a member and has no password yet."""
    return Text(
        f"You were invited to {organization}",
        f"You were made a member of {organization}.\n\n"
        f"Set a password here, within {hours} hours, and sign in with it:\n\n{link}\n\n"
        "If you do not know that organization, do nothing.\n",
    )


def invitation_of_user(organization: str, sign_in: str) -> Text:
    """Return the mail to somebody who was made a member and has a password."""
    return Text(
        f"You were invited to {organization}",
        f"You were made a member of {organization}.\n\n"
        f"Sign in as ever; your profile leads there:\n\n{sign_in}\n",
    )
