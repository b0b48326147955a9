package headrace;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;

/** Has this broker show the certificate that lies in its file now, without a restart (KIP-226). */
final class Certificate {
    private static final String KEYSTORE = "listener.name.sasl_ssl.ssl.keystore.location";
    private static final long SECONDS_MAX = 8;

    private Certificate() {}

    static void reload() throws IOException {
        Map<String, Object> settings = new HashMap<>();
        Properties client = new Properties();
        try (Reader file = Files.newBufferedReader(Path.of("client.properties"))) {
            client.load(file);
        }
        client.forEach((name, value) -> settings.put((String) name, value));
        String keystore = System.getProperty("headrace.keystore");
        var set = new AlterConfigOp(new ConfigEntry(KEYSTORE, keystore), AlterConfigOp.OpType.SET);
        var broker = new ConfigResource(ConfigResource.Type.BROKER, System.getProperty("headrace.broker"));
        try (Admin admin = Admin.create(settings)) {
            admin.incrementalAlterConfigs(Map.of(broker, List.of(set))).all().get(SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException error) {
            throw new IOException(String.valueOf(error.getMessage()), error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", error);
        }
    }
}
