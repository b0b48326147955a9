package headrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who may log in, how far and from where: the credentials file of docs/broker-process.md.
 *
 * <p>One set is in force in the whole process. It changes by {@link #reload()} alone, as a whole: a file that can not
 * be read leaves the one before in force.
 */
final class Credentials {
    private static final int FORMAT = 1;
    private static final long FILE_BYTES_MAX = 64L * 1024 * 1024;
    private static final ObjectMapper JSON = new ObjectMapper();

    private static volatile Credentials inForce = new Credentials(0, "suspended", List.of(), Map.of());

    final long generation;
    final String access;
    private final List<Network> networks;
    private final Map<String, JsonNode> byName;

    private Credentials(long generation, String access, List<Network> networks, Map<String, JsonNode> byName) {
        this.generation = generation;
        this.access = access;
        this.networks = networks;
        this.byName = byName;
    }

    static Credentials current() {
        return inForce;
    }

    /** Puts the file's set in force; throws, and changes nothing, where it can not be one. */
    static synchronized Credentials reload() throws IOException {
        Path file = Path.of(System.getProperty("headrace.credentials"));
        if (Files.size(file) > FILE_BYTES_MAX) {
            throw new IOException("the credentials file has more than " + FILE_BYTES_MAX + " bytes");
        }
        inForce = read(JSON.readTree(Files.readAllBytes(file)));
        return inForce;
    }

    static Credentials read(JsonNode file) throws IOException {
        if (file.path("format").asInt() != FORMAT) {
            throw new IOException("credentials of format " + FORMAT + " expected");
        }
        String access = file.path("access").asText("full");
        if (!List.of("full", "read_only", "suspended").contains(access)) {
            throw new IOException("access: full, read_only or suspended expected");
        }
        List<Network> networks = new ArrayList<>();
        for (JsonNode network : file.path("allowed_networks")) {
            networks.add(Network.parse(network.asText()));
        }
        Map<String, JsonNode> byName = new HashMap<>();
        for (JsonNode credential : file.path("credentials")) {
            byName.put(credential.path("username").asText(), credential);
        }
        return new Credentials(file.path("generation").asLong(), access, networks, byName);
    }

    Optional<JsonNode> find(String username) {
        return Optional.ofNullable(byName.get(username));
    }

    boolean isFrom(InetAddress address) {
        return networks.isEmpty() || networks.stream().anyMatch(network -> network.contains(address));
    }
}
