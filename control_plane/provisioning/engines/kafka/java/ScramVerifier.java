package headrace;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.scram.ScramCredential;
import org.apache.kafka.common.security.scram.ScramCredentialCallback;

/**
 * Knows the SCRAM verifiers of API keys. The control plane has StoredKey and ServerKey alone (RFC 5802), from which
 * Kafka's own SCRAM records can not be made over the Admin protocol: it asks for the salted password.
 */
public final class ScramVerifier implements AuthenticateCallbackHandler {
    private String field;

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaas) {
        field = mechanism.equals("SCRAM-SHA-512") ? "scram_sha_512" : "scram_sha_256";
    }

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException, IOException {
        String name = null;
        for (Callback callback : callbacks) {
            if (callback instanceof NameCallback asked) {
                name = asked.getDefaultName();
            } else if (callback instanceof ScramCredentialCallback asked) {
                Optional<JsonNode> found = Credentials.current().find(name).map(one -> one.path(field));
                if (found.isPresent()) {
                    asked.scramCredential(credential(found.get()));
                }
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private static ScramCredential credential(JsonNode verifier) throws IOException {
        return new ScramCredential(
                verifier.path("salt").binaryValue(),
                verifier.path("stored_key").binaryValue(),
                verifier.path("server_key").binaryValue(),
                verifier.path("iterations").asInt());
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
