import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The contract's requests with Apache Kafka's own client. */
public final class JavaClient implements Contract.Client {
    private static final Duration POLL = Duration.ofMillis(50);
    private static final String RETENTION = "retention.ms";

    private final Properties access;
    private final Login login;
    /** The producer that stays open. */
    private KafkaProducer<String, String> kept;

    private JavaClient(JsonNode told) {
        login = new Login(told);
        access = login.properties();
    }

    public static void main(String[] arguments) throws Exception {
        Contract.serve(JavaClient::new);
    }

    @Override
    public Object perform(JsonNode request) throws Exception {
        return switch (request.get("do").asText()) {
            case "produce" -> produce(request);
            case "consume" -> consume(request);
            case "rebalance" -> rebalance(request);
            case "pipeline" -> pipeline(request);
            case "administer" -> administer(request);
            case "keep" -> keep(request);
            case "enter" -> login.enter(request);
            default -> throw new IllegalArgumentException("unknown request " + request.get("do"));
        };
    }

    private Object produce(JsonNode request) throws Exception {
        var sending = new ArrayList<Future<RecordMetadata>>();
        try (var producer = producer(Map.of("compression.type", request.get("codec").asText()))) {
            for (JsonNode record : request.get("records")) {
                var made = new ProducerRecord<>(
                        request.get("topic").asText(), record.get("partition").asInt(), text(record.get("key")), text(record.get("value")));
                for (JsonNode header : record.get("headers")) {
                    made.headers().add(header.get(0).asText(), header.get(1).asText().getBytes(StandardCharsets.UTF_8));
                }
                sending.add(producer.send(made));
            }
        }
        var offsets = new ArrayList<Long>();
        for (var one : sending) offsets.add(one.get().offset());
        return Map.of("offsets", offsets);
    }

    private Object consume(JsonNode request) {
        String isolation = request.has("isolation") ? request.get("isolation").asText() : "read_uncommitted";
        try (var consumer = consumer(request, isolation)) {
            var read = read(consumer, request.get("count").asInt());
            consumer.commitSync(next(read));
            return Map.of("records", read.stream().map(JavaClient::received).toList());
        }
    }

    private Object rebalance(JsonNode request) {
        int count = request.get("count").asInt();
        try (var first = consumer(request, "read_uncommitted")) {
            Contract.until("all partitions", () -> owned(first).size() == count, () -> first.poll(POLL));
            var alone = owned(first);
            List<List<Integer>> shared;
            try (var second = consumer(request, "read_uncommitted")) {
                Contract.until(
                        "half of the partitions each",
                        () -> owned(first).size() == count / 2 && owned(second).size() == count / 2,
                        () -> {
                            first.poll(POLL);
                            second.poll(POLL);
                        });
                shared = List.of(owned(first), owned(second));
            }
            Contract.until("the partitions of the one that left", () -> owned(first).size() == count, () -> first.poll(POLL));
            return Map.of("alone", alone, "shared", shared, "left", owned(first));
        }
    }

    private Object pipeline(JsonNode request) throws Exception {
        var transactional = Map.of("transactional.id", request.get("transactional_id").asText());
        try (var consumer = consumer(request, "read_committed"); var producer = producer(transactional)) {
            producer.initTransactions();
            var read = read(consumer, request.get("count").asInt());
            producer.beginTransaction();
            for (var record : read) producer.send(new ProducerRecord<>(request.get("to").asText(), record.value() + "!"));
            producer.sendOffsetsToTransaction(next(read), consumer.groupMetadata());
            if (request.get("commit").asBoolean()) producer.commitTransaction();
            else producer.abortTransaction();
            return Map.of("read", read.size());
        }
    }

    private Object administer(JsonNode request) throws Exception {
        String topic = request.get("topic").asText();
        String group = request.get("group").asText();
        var answer = new HashMap<String, Object>();
        try (var admin = Admin.create(access)) {
            var made = new NewTopic(topic, Optional.of(2), Optional.empty()).configs(Map.of(RETENTION, "60000"));
            admin.createTopics(List.of(made)).all().get();
            answer.put("partitions", partitions(admin, topic));
            answer.put("retention", retention(admin, topic));
            var change = new AlterConfigOp(new ConfigEntry(RETENTION, "120000"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(resource(topic), List.of(change))).all().get();
            answer.put("altered", retention(admin, topic));
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
            answer.put("grown", partitions(admin, topic));
            answer.put("group_state", admin.describeConsumerGroups(List.of(group)).all().get().get(group).groupState().toString());
            admin.deleteConsumerGroups(List.of(group)).all().get();
            admin.deleteTopics(List.of(topic)).all().get();
            answer.put("gone", !admin.listTopics().names().get().contains(topic));
        }
        return answer;
    }

    private Object keep(JsonNode request) throws Exception {
        if (kept == null) kept = producer(Map.of());
        return Map.of("offset", kept.send(new ProducerRecord<>(request.get("topic").asText(), "kept")).get().offset());
    }

    private KafkaProducer<String, String> producer(Map<String, String> settings) {
        var properties = new Properties();
        properties.putAll(access);
        properties.putAll(settings);
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(JsonNode request, String isolation) {
        var properties = new Properties();
        properties.putAll(access);
        properties.put("group.id", request.get("group").asText());
        properties.put("auto.offset.reset", "earliest");
        properties.put("enable.auto.commit", "false");
        properties.put("heartbeat.interval.ms", "300");
        properties.put("isolation.level", isolation);
        var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(request.get("topic").asText()));
        return consumer;
    }

    private static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int wanted) {
        var read = new ArrayList<ConsumerRecord<String, String>>();
        Contract.until(wanted + " records", () -> read.size() >= wanted, () -> consumer.poll(POLL).forEach(read::add));
        return read.subList(0, wanted);
    }

    private static Map<TopicPartition, OffsetAndMetadata> next(Collection<ConsumerRecord<String, String>> read) {
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (var record : read) {
            offsets.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        return offsets;
    }

    private static List<Integer> owned(KafkaConsumer<String, String> consumer) {
        return consumer.assignment().stream().map(TopicPartition::partition).sorted().toList();
    }

    private static Map<String, Object> received(ConsumerRecord<String, String> record) {
        var made = new HashMap<String, Object>();
        made.put("partition", record.partition());
        made.put("offset", record.offset());
        made.put("key", record.key());
        made.put("value", record.value());
        var headers = new ArrayList<List<String>>();
        record.headers().forEach(one -> headers.add(List.of(one.key(), new String(one.value(), StandardCharsets.UTF_8))));
        made.put("headers", headers);
        return made;
    }

    private static int partitions(Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }

    private static String retention(Admin admin, String topic) throws Exception {
        return admin.describeConfigs(List.of(resource(topic))).all().get().get(resource(topic)).get(RETENTION).value();
    }

    private static ConfigResource resource(String topic) {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    private static String text(JsonNode node) {
        return node.isNull() ? null : node.asText();
    }
}
