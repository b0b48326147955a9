import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;

/** How the client says who it is: by a name and a password, or by tokens that it gets from an issuer. */
final class Login {
    private static final String OAUTHBEARER = "org.apache.kafka.common.security.oauthbearer.";
    private static final String ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

    private final JsonNode told;

    Login(JsonNode told) {
        this.told = told;
    }

    Properties properties() {
        if (told.has("token_url")) return byTokens(told.get("bootstrap").asText(), told.get("client_id").asText());
        String module = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";";
        var properties = common(told.get("bootstrap").asText());
        properties.put("sasl.mechanism", "SCRAM-SHA-512");
        properties.put("sasl.jaas.config", String.format(module, told.get("username").asText(), told.get("password").asText()));
        return properties;
    }

    /** Tries to log in as another client of the issuer, by another address. */
    Object enter(JsonNode request) throws Exception {
        var other = byTokens(request.get("bootstrap").asText(), request.get("client_id").asText());
        try (var admin = Admin.create(other)) {
            admin.listTopics().names().get();
            return Collections.singletonMap("refused", null);
        } catch (ExecutionException refusal) {
            return Map.of("refused", refusal.getCause().getClass().getSimpleName());
        }
    }

    private Properties byTokens(String bootstrap, String clientId) {
        String tokenUrl = told.get("token_url").asText();
        System.setProperty(ALLOWED_URLS, tokenUrl);
        var properties = common(bootstrap);
        properties.put("sasl.mechanism", "OAUTHBEARER");
        properties.put("sasl.login.callback.handler.class", OAUTHBEARER + "OAuthBearerLoginCallbackHandler");
        properties.put("sasl.oauthbearer.token.endpoint.url", tokenUrl);
        String module = OAUTHBEARER + "OAuthBearerLoginModule required clientId=\"%s\" clientSecret=\"secret\";";
        properties.put("sasl.jaas.config", String.format(module, clientId));
        return properties;
    }

    private Properties common(String bootstrap) {
        var properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("security.protocol", "SASL_SSL");
        properties.put("ssl.truststore.type", "PEM");
        properties.put("ssl.truststore.location", told.get("ca_file").asText());
        return properties;
    }
}
