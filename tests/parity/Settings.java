import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.storage.internals.log.LogConfig;

/** Prints every setting that Apache Kafka documents: of topics, and of brokers. */
public final class Settings {
    public static void main(String[] arguments) throws ReflectiveOperationException {
        print("topic", LogConfig.configKeys().values());
        Class<?> companion = Class.forName("kafka.server.KafkaConfig$");
        Object module = companion.getField("MODULE$").get(null);
        ConfigDef definitions = (ConfigDef) companion.getMethod("configDef").invoke(module);
        print("broker", definitions.configKeys().values());
    }

    private static void print(String kind, Iterable<ConfigDef.ConfigKey> keys) {
        TreeSet<String> names = new TreeSet<>();
        for (ConfigDef.ConfigKey key : keys) {
            if (!key.internalConfig) {
                names.add(key.name);
            }
        }
        names.forEach(name -> System.out.println(kind + " " + name));
    }
}
