package headrace;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.plain.PlainAuthenticateCallback;

/** Judges the secrets of API keys by HMAC-SHA256 (docs/broker-process.md, credentials file). */
public final class PlainVerifier implements AuthenticateCallbackHandler {
    private static final String ALGORITHM = "HmacSHA256";
    private static final byte[] DECOY_KEY = new byte[32];

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaas) {
        // Needs no configuration: there is one set of credentials.
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException, IOException {
        String name = null;
        for (Callback callback : callbacks) {
            if (callback instanceof NameCallback asked) {
                name = asked.getDefaultName();
            } else if (callback instanceof PlainAuthenticateCallback asked) {
                asked.authenticated(isRight(name, asked.password()));
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private static boolean isRight(String name, char[] secret) throws IOException {
        Optional<JsonNode> found = Credentials.current().find(name).map(one -> one.path("plain"));
        byte[] salt = found.isPresent() ? found.get().path("salt").binaryValue() : DECOY_KEY;
        byte[] wanted = found.isPresent() ? found.get().path("hmac_sha256").binaryValue() : DECOY_KEY;
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(salt, ALGORITHM));
            mac.update(StandardCharsets.UTF_8.encode(CharBuffer.wrap(secret)));
            return MessageDigest.isEqual(mac.doFinal(), wanted) && found.isPresent();
        } catch (GeneralSecurityException error) {
            throw new IOException(error);
        }
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
