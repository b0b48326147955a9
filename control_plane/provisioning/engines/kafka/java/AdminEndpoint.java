package headrace;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The admin endpoint of docs/broker-process.md, as far as Apache Kafka has what it tells. */
final class AdminEndpoint {
    private static final int HEAD_BYTES_MAX = 8 * 1024;
    private static final long BROKER_RUNNING = 3;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STARTED_AT = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();

    private record Answer(String status, ObjectNode body) {}

    private AdminEndpoint() {}

    static void start(Path path) throws IOException {
        UnixServer.start(path, AdminEndpoint::serve);
    }

    private static void serve(SocketChannel connection) throws IOException {
        String[] request = readHead(connection).split(" ", 3);
        Answer answer = request.length < 3 ? refused("400 Bad Request", "request_invalid", "")
                : answer(request[0] + " " + request[1]);
        byte[] body = JSON.writeValueAsBytes(answer.body);
        String head = "HTTP/1.1 " + answer.status + "\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length + "\r\nConnection: close\r\n\r\n";
        write(connection, head.getBytes(StandardCharsets.US_ASCII));
        write(connection, body);
    }

    private static Answer answer(String request) {
        return switch (request) {
            case "GET /healthz" -> health();
            case "GET /v1/use" -> new Answer("200 OK", Use.tell());
            case "POST /v1/credentials:reload" -> reloadCredentials();
            case "POST /v1/certificates:reload" -> reloadCertificate();
            default -> refused("404 Not Found", "path_unknown", "");
        };
    }

    private static Answer health() {
        boolean isReady = Gauges.value("kafka.server:type=KafkaServer,name=BrokerState", 0) == BROKER_RUNNING;
        ObjectNode body = JSON.createObjectNode()
                .put("status", isReady ? "ready" : "starting")
                .put("cluster_id", System.getProperty("headrace.cluster"))
                .put("broker_id", Integer.getInteger("headrace.broker"))
                .put("pid", ProcessHandle.current().pid())
                .put("generation", Long.getLong("headrace.generation"))
                .put("credentials_generation", Credentials.current().generation)
                .put("access", Credentials.current().access)
                .put("version", org.apache.kafka.common.utils.AppInfoParser.getVersion())
                .put("started_at", STARTED_AT)
                .put("partitions", replicas("PartitionCount"))
                .put("connections", Gauges.sum(
                        "kafka.server:type=socket-server-metrics,listener=*,networkProcessor=*", "connection-count"));
        body.putObject("replication")
                .put("quorum_leader", (long) Double.parseDouble(
                        orNone(Gauges.word("kafka.server:type=raft-metrics", "current-leader"))))
                .put("is_controller", Gauges.value(controller("ActiveControllerCount"), 0) == 1)
                .put("active_brokers", Gauges.value(controller("ActiveBrokerCount"), 0))
                .put("fenced_brokers", Gauges.value(controller("FencedBrokerCount"), 0))
                .put("offline_partitions", Gauges.value(controller("OfflinePartitionsCount"), 0))
                .put("under_replicated_partitions", replicas("UnderReplicatedPartitions"))
                .put("under_min_isr_partitions", replicas("UnderMinIsrPartitionCount"));
        return new Answer(isReady ? "200 OK" : "503 Service Unavailable", body);
    }

    private static String orNone(String number) {
        return number.isEmpty() ? "-1" : number;
    }

    private static long replicas(String gauge) {
        return Gauges.value("kafka.server:type=ReplicaManager,name=" + gauge, 0);
    }

    private static String controller(String gauge) {
        return "kafka.controller:type=KafkaController,name=" + gauge;
    }

    private static Answer reloadCredentials() {
        try {
            long generation = Credentials.reload().generation;
            return new Answer("200 OK", JSON.createObjectNode().put("credentials_generation", generation));
        } catch (IOException | RuntimeException error) {
            return refused("422 Unprocessable Content", "credentials_invalid", error.getMessage());
        }
    }

    private static Answer reloadCertificate() {
        try {
            Certificate.reload();
            return new Answer("200 OK", JSON.createObjectNode().put("status", "reloaded"));
        } catch (IOException | RuntimeException error) {
            return refused("422 Unprocessable Content", "certificate_invalid", error.getMessage());
        }
    }

    private static Answer refused(String status, String code, String detail) {
        return new Answer(status, JSON.createObjectNode().put("code", code).put("detail", detail));
    }

    private static String readHead(SocketChannel connection) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES_MAX);
        while (head.hasRemaining() && connection.read(head) >= 0) {
            String text = new String(head.array(), 0, head.position(), StandardCharsets.US_ASCII);
            if (text.contains("\r\n\r\n")) {
                return text.substring(0, text.indexOf("\r\n"));
            }
        }
        return "";
    }

    private static void write(SocketChannel connection, byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            connection.write(left);
        }
    }
}
