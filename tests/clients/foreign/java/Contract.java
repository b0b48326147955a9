import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Reads requests as JSON lines and answers each with one line; see ../README.md. */
final class Contract {
    static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Answers one request. */
    interface Client {
        Object perform(JsonNode request) throws Exception;
    }

    /** Makes a client of the access on the first line. */
    interface Connector {
        Client connect(JsonNode access) throws Exception;
    }

    private Contract() {}

    /** Answers requests until standard input ends. */
    static void serve(Connector connector) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Client client = null;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Map<String, Object> answer;
            try {
                JsonNode told = JSON.readTree(line);
                if (client == null) {
                    client = connector.connect(told);
                    answer = Map.of("ok", Map.of());
                } else {
                    answer = Map.of("ok", client.perform(told));
                }
            } catch (Exception error) {
                answer = Map.of("error", describe(error));
            }
            System.out.println(JSON.writeValueAsString(answer));
        }
    }

    /** Does the step again and again until the condition holds. */
    static void until(String what, BooleanSupplier holds, Runnable step) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() > deadline) throw new IllegalStateException("waited in vain: " + what);
            step.run();
        }
    }

    private static String describe(Throwable error) {
        var text = new StringBuilder(error.toString());
        for (var cause = error.getCause(); cause != null; cause = cause.getCause()) text.append("; because ").append(cause);
        return text.toString();
    }
}
