package headrace;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;

/**
 * Starts Apache Kafka as one node of a cluster, in the node's directory: {@code java headrace.Node server.properties}.
 *
 * <p>Where {@code format.args} lies there the disk is formatted first, unless it is already, by the arguments of
 * {@code kafka-storage format} in it, one a line. A node without that file never formats: an empty disk in the place of
 * a full one must not look like a member of the quorum.
 */
public final class Node {
    private Node() {}

    public static void main(String[] arguments) throws IOException {
        configure(Path.of("node.properties"));
        Path formatting = Path.of("format.args");
        if (Files.exists(formatting)) {
            format(Files.readAllLines(formatting));
        }
        Credentials.reload();
        Handover.start(Path.of("handover.sock"));
        AdminEndpoint.start(Path.of("admin.sock"));
        kafka.Kafka.main(arguments);
    }

    /** What the control plane tells of the node, with which it runs until it is started again. */
    private static void configure(Path file) throws IOException {
        Properties told = new Properties();
        try (Reader text = Files.newBufferedReader(file)) {
            told.load(text);
        }
        told.forEach((name, value) -> System.setProperty((String) name, (String) value));
    }

    private static void format(List<String> arguments) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int status = kafka.tools.StorageTool.execute(
                arguments.toArray(String[]::new), new PrintStream(said, true, StandardCharsets.UTF_8));
        if (status != 0) {
            System.err.println(said.toString(StandardCharsets.UTF_8));
            System.exit(status);
        }
    }
}
