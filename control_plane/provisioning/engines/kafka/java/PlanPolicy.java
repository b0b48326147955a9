package headrace;

import java.util.Map;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.server.policy.CreateTopicPolicy;

/** How many topics and partitions a plan has; asked by the controller before it makes a topic. */
public final class PlanPolicy implements CreateTopicPolicy {
    private long topicsMax;
    private long partitionsMax;
    private int partitionsDefault;

    @Override
    public void configure(Map<String, ?> configs) {
        topicsMax = Long.parseLong(configs.get("headrace.topics.max").toString());
        partitionsMax = Gate.PARTITIONS_MAX;
        partitionsDefault = Integer.parseInt(configs.get("num.partitions").toString());
    }

    @Override
    public void validate(RequestMetadata wanted) {
        if (wanted.topic().startsWith("__")) {
            return; // Kafka's own
        }
        long topics = Gauges.value("kafka.controller:type=KafkaController,name=GlobalTopicCount", 0);
        if (topics >= topicsMax) {
            throw new PolicyViolationException("the cluster's plan has at most " + topicsMax + " topics");
        }
        if (Gate.partitions() + partitions(wanted) > partitionsMax) {
            throw new PolicyViolationException("the cluster's plan has at most " + partitionsMax + " partitions");
        }
    }

    private long partitions(RequestMetadata wanted) {
        if (wanted.replicasAssignments() != null) {
            return wanted.replicasAssignments().size();
        }
        return wanted.numPartitions() == null || wanted.numPartitions() < 0
                ? partitionsDefault : wanted.numPartitions();
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
