import base64
import hashlib
import hmac

from control_plane.notifications.signing import new_secret, signing_headers

# The example that the implementations of Standard Webhooks share.
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
MESSAGE_ID = "msg_loFOjxBNrRLzqYUf"
TIMESTAMP = 1731705121
BODY = b'{"event_type":"ping","data":{"success":true}}'
SIGNATURE = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_a_message_is_signed_as_the_standard_says() -> None:
    assert signing_headers(MESSAGE_ID, TIMESTAMP, BODY, [SECRET]) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": SIGNATURE,
    }


def test_two_secrets_in_force_give_two_signatures() -> None:
    other = new_secret()
    signatures = signing_headers(MESSAGE_ID, TIMESTAMP, BODY, [other, SECRET])["webhook-signature"]
    key = base64.b64decode(other.removeprefix("whsec_"))
    signed = f"{MESSAGE_ID}.{TIMESTAMP}.".encode() + BODY
    own = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert signatures == f"v1,{own} {SIGNATURE}"


def test_secrets_are_fresh_and_of_256_bits() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
