package headrace;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

/**
 * What the service decides before access rules are asked: who is still let in, from where, how far the cluster is open
 * to them, what their key may do at most, and what of the cluster is not theirs to change.
 */
final class Gate {
    static final String CONTROL_PLANE = "control-plane";
    static final String BROKER = "broker";
    static final String INTERNAL = "INTERNAL";

    private static final String KEY_PREFIX = "hk_";
    /** Of what needs Alter of the cluster, customers may change access rules and elect leaders; the rest is ours. */
    private static final Set<Short> CUSTOMERS_ALTER =
            Set.of(ApiKeys.CREATE_ACLS.id, ApiKeys.DELETE_ACLS.id, ApiKeys.ELECT_LEADERS.id);

    static final long PARTITIONS_MAX = Long.getLong("headrace.partitions.max", Long.MAX_VALUE);

    private Gate() {}

    static boolean isOpen(
            AuthorizableRequestContext context, AclOperation operation, ResourceType type, String name) {
        String who = context.principal().getName();
        if (who.equals(CONTROL_PLANE) || who.equals(BROKER)) {
            return true; // see Principals
        }
        if (context.principal().equals(KafkaPrincipal.ANONYMOUS)) {
            return false;
        }
        Credentials credentials = Credentials.current();
        Optional<JsonNode> key = credentials.find(who);
        if (who.startsWith(KEY_PREFIX) && key.isEmpty()) {
            return false;
        }
        if (credentials.access.equals("suspended")) {
            return false;
        }
        // What a broker forwards to the controller has the address that it came from.
        if (!context.listenerName().equals(INTERNAL) && !credentials.isFrom(context.clientAddress())) {
            return false;
        }
        if (credentials.access.equals("read_only") && stores(operation, type)) {
            return false;
        }
        if (context.requestType() == ApiKeys.CREATE_PARTITIONS.id && partitions() >= PARTITIONS_MAX) {
            return false;
        }
        if (type == ResourceType.CLUSTER && !isCustomers(operation, context.requestType())) {
            return false;
        }
        return key.isEmpty() || !key.get().has("bounds") || isWithin(key.get().get("bounds"), operation, type, name);
    }

    /** Partitions of all topics, as the active controller counts them; 0 on every other node. */
    static long partitions() {
        return Gauges.value("kafka.controller:type=KafkaController,name=GlobalPartitionCount", 0);
    }

    private static boolean stores(AclOperation operation, ResourceType type) {
        boolean isOfTopics = type == ResourceType.TOPIC || type == ResourceType.CLUSTER;
        return switch (operation) {
            case WRITE -> type == ResourceType.TOPIC;
            case CREATE -> isOfTopics;
            case ALTER -> type == ResourceType.TOPIC;
            default -> false;
        };
    }

    private static boolean isCustomers(AclOperation operation, int request) {
        return switch (operation) {
            case CLUSTER_ACTION, ALTER_CONFIGS -> false;
            case ALTER -> CUSTOMERS_ALTER.contains((short) request);
            default -> true;
        };
    }

    private static boolean isWithin(JsonNode bounds, AclOperation operation, ResourceType type, String name) {
        JsonNode read = bounds.path("read");
        JsonNode write = bounds.path("write");
        return switch (type) {
            case TOPIC -> switch (operation) {
                case READ -> covers(read, name);
                case WRITE -> covers(write, name);
                case DESCRIBE -> covers(read, name) || covers(write, name);
                default -> false;
            };
            case GROUP -> !read.isEmpty() && (operation == AclOperation.READ || operation == AclOperation.DESCRIBE);
            case TRANSACTIONAL_ID -> !write.isEmpty()
                    && (operation == AclOperation.WRITE || operation == AclOperation.DESCRIBE);
            case CLUSTER -> !write.isEmpty() && operation == AclOperation.IDEMPOTENT_WRITE;
            default -> false;
        };
    }

    /** Without a name it is asked for any topic at all. */
    private static boolean covers(JsonNode beginnings, String name) {
        if (name == null) {
            return !beginnings.isEmpty();
        }
        for (JsonNode beginning : beginnings) {
            String text = beginning.asText();
            if (text.equals("*") || name.startsWith(text)) {
                return true;
            }
        }
        return false;
    }
}
