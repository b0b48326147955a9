import base64
import hashlib
import hmac

import pytest

from control_plane.identity.secrets import (
    key_id_of,
    new_secret,
    salted_password,
    scram_verifier,
    secret_hmac,
    weakness_of,
)

# Of docs/api-keys.md, and in the tests of the Terraform provider, which draws secrets too.
EXAMPLE = "hrs_0123456789abcdef_" + "0" * 43 + "_1dKB64"
EXAMPLE_OF_62 = "hrs_0123456789abcdef_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg_1HiPKt"


class TestSecretForm:
    def test_a_new_secret_names_its_key(self) -> None:
        key_id, secret = new_secret()
        assert key_id.startswith("hk_")
        assert len(key_id) == 3 + 16
        assert key_id_of(secret) == key_id
        assert secret.split("_")[1] == key_id.split("_")[1]

    def test_no_two_are_alike(self) -> None:
        assert len({secret for _, secret in (new_secret() for _ in range(200))}) == 200

    def test_any_changed_character_is_noticed(self) -> None:
        _, secret = new_secret()
        for position, character in enumerate(secret):
            replacement = "a" if character != "a" else "b"
            changed = secret[:position] + replacement + secret[position + 1 :]
            assert key_id_of(changed) is None

    @pytest.mark.parametrize(
        "text", ["", "hrs_", "hrs_é", "x" * 10_000, "hrs_" + "0" * 16 + "_" + "0" * 43 + "_000000"]
    )
    def test_what_is_no_secret_names_no_key(self, text: str) -> None:
        assert key_id_of(text) is None

    @pytest.mark.parametrize("suffix", [" ", "\n", "a"])
    def test_nothing_may_follow(self, suffix: str) -> None:
        assert key_id_of(new_secret()[1] + suffix) is None

    def test_the_documented_example_is_well_formed(self) -> None:
        assert key_id_of(EXAMPLE) == key_id_of(EXAMPLE_OF_62) == "hk_0123456789abcdef"


class TestWeakness:
    def test_what_is_drawn_here_is_taken(self) -> None:
        assert all(weakness_of(new_secret()[1]) is None for _ in range(200))
        assert weakness_of(EXAMPLE_OF_62) is None

    @pytest.mark.parametrize(
        ("secret", "reason"),
        [
            ("", "does not read"),
            ("correct horse battery staple", "does not read"),
            (EXAMPLE_OF_62[:-1], "does not read"),
            (EXAMPLE_OF_62 + "0", "does not read"),
            (EXAMPLE_OF_62.replace("_0123456789abcdef_", "_0123456789abcdel_"), "does not read"),
            (EXAMPLE_OF_62.replace("g_", "_"), "does not read"),
            (EXAMPLE_OF_62.replace("hrs_", "hk_"), "does not read"),
            ("x" * 100_000, "does not read"),
            (EXAMPLE_OF_62[:-1] + "0", "checksum"),
            (EXAMPLE_OF_62.replace("g_", "f_"), "checksum"),
            (EXAMPLE, "fewer than 16"),
        ],
    )
    def test_what_is_wrong_is_told_without_quoting_it(self, secret: str, reason: str) -> None:
        weakness = weakness_of(secret)
        assert weakness is not None
        assert reason in weakness
        assert "ABCDEFGHIJ" not in weakness

    def test_every_changed_character_is_a_weakness(self) -> None:
        _, secret = new_secret()
        for position, character in enumerate(secret):
            replacement = "a" if character != "a" else "b"
            assert weakness_of(secret[:position] + replacement + secret[position + 1 :])


class TestVerifiers:
    def test_hmac_is_keyed_by_the_salt(self) -> None:
        expected = hmac.new(b"salt", b"secret", hashlib.sha256).digest()
        assert secret_hmac(b"salt", "secret") == expected

    def test_scram_sha_256_answers_the_example_of_rfc_7677(self) -> None:
        salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
        salted = hashlib.pbkdf2_hmac("sha256", b"pencil", salt, 4096)
        verifier = scram_verifier("sha256", salt, salted)
        nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        message = (
            "n=user,r=rOprNGfwEbeRWgbNEkqO,"
            f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
            f"c=biws,r={nonce}"
        ).encode()
        proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        client_signature = hmac.digest(verifier.stored_key, message, "sha256")
        client_key = bytes(a ^ b for a, b in zip(proof, client_signature, strict=True))
        assert hashlib.sha256(client_key).digest() == verifier.stored_key
        server_signature = hmac.digest(verifier.server_key, message, "sha256")
        assert base64.b64encode(server_signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    @pytest.mark.parametrize(("mechanism", "length"), [("sha256", 32), ("sha512", 64)])
    def test_salted_passwords_take_8192_rounds(self, mechanism: str, length: int) -> None:
        salted = salted_password(mechanism, "secret", b"salt")
        assert salted == hashlib.pbkdf2_hmac(mechanism, b"secret", b"salt", 8192)
        verifier = scram_verifier(mechanism, b"salt", salted)
        assert len(verifier.stored_key) == len(verifier.server_key) == length
        assert verifier.iterations == 8192
