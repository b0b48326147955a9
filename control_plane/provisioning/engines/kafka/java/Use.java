package headrace;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import javax.management.ObjectName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

/**
 * What customers use of this node since its process began: Kafka counts the bytes that it sends of each topic, the
 * authorizer sees who asks for them. The files of the logs tell what was appended, so nothing of that is counted here.
 */
final class Use {
    private static final int TOPICS_MAX = 10_000;
    private static final int PRINCIPALS_MAX = 1_000;
    private static final int PRINCIPAL_BYTES_MAX = 256;
    private static final String OTHER = "other";
    private static final String INTERNAL = "__";
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Map<String, Map<String, Requests>> ASKED = new ConcurrentHashMap<>();
    private static final Set<String> PRINCIPALS = ConcurrentHashMap.newKeySet();

    private record Requests(LongAdder reads, LongAdder writes) {}

    private Use() {}

    /** Notes that a customer was allowed to do something with a topic, if it is reading or writing records. */
    static void note(AuthorizableRequestContext context, String topic) {
        int request = context.requestType();
        boolean isRead = request == ApiKeys.FETCH.id || request == ApiKeys.SHARE_FETCH.id;
        if (!isRead && request != ApiKeys.PRODUCE.id) {
            return;
        }
        String name = context.principal().getName();
        if (name.equals(Gate.CONTROL_PLANE) || name.equals(Gate.BROKER)) {
            return;
        }
        if (ASKED.size() >= TOPICS_MAX && !ASKED.containsKey(topic)) {
            return; // there are no so many topics: whoever asks makes names up
        }
        Requests asked = ASKED.computeIfAbsent(topic, ignored -> new ConcurrentHashMap<>())
                .computeIfAbsent(known(context.principal().toString()),
                        ignored -> new Requests(new LongAdder(), new LongAdder()));
        (isRead ? asked.reads : asked.writes).increment();
    }

    private static String known(String principal) {
        if (PRINCIPALS.contains(principal)) {
            return principal;
        }
        boolean fits = principal.getBytes(StandardCharsets.UTF_8).length <= PRINCIPAL_BYTES_MAX;
        if (!fits || PRINCIPALS.size() >= PRINCIPALS_MAX) {
            return OTHER;
        }
        PRINCIPALS.add(principal);
        return principal;
    }

    static ObjectNode tell() {
        ObjectNode told = JSON.createObjectNode()
                .put("started_at_ms", ManagementFactory.getRuntimeMXBean().getStartTime())
                .put("connections", connections("SASL_SSL") + connections("SASL_PLAINTEXT"));
        Set<String> topics = tellReplicas(told.putArray("replicas"));
        // Of what is not here nothing is told, nor kept.
        ASKED.keySet().retainAll(topics);
        ObjectNode use = told.putObject("topics");
        for (String topic : topics) {
            ObjectNode one = use.putObject(topic).put("read_bytes", Gauges.number(
                    "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec,topic=" + topic, "Count", 0));
            ObjectNode requests = one.putObject("requests");
            ASKED.getOrDefault(topic, Map.of()).forEach((principal, asked) ->
                    requests.putArray(principal).add(asked.reads.sum()).add(asked.writes.sum()));
        }
        return told;
    }

    private static long connections(String listener) {
        return Gauges.sum("kafka.server:type=socket-server-metrics,listener=" + listener + ",networkProcessor=*",
                "connection-count");
    }

    private static Set<String> tellReplicas(ArrayNode replicas) {
        Set<String> topics = new HashSet<>();
        for (ObjectName end : Gauges.names("kafka.log:type=Log,name=LogEndOffset,topic=*,partition=*")) {
            String topic = end.getKeyProperty("topic");
            if (topic.startsWith(INTERNAL)) {
                continue;
            }
            String partition = end.getKeyProperty("partition");
            String place = "topic=" + topic + ",partition=" + partition;
            long endOffset = Gauges.value(end.toString(), -1);
            long bytes = Gauges.value("kafka.log:type=Log,name=Size," + place, -1);
            if (endOffset < 0 || bytes < 0) {
                continue; // gone meanwhile
            }
            topics.add(topic);
            replicas.addArray().add(topic).add(Integer.parseInt(partition)).add(endOffset).add(bytes);
        }
        return topics;
    }
}
