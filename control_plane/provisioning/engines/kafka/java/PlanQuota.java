package headrace;

import java.util.Map;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.server.quota.ClientQuotaCallback;
import org.apache.kafka.server.quota.ClientQuotaEntity;
import org.apache.kafka.server.quota.ClientQuotaType;

/**
 * The rates of a plan, each broker's share of them, over all keys together: whoever is a customer is counted under one
 * tag, so that ten keys have no more than one.
 */
public final class PlanQuota implements ClientQuotaCallback {
    private static final Map<String, String> CUSTOMERS = Map.of("user", "customers");
    private static final Map<String, String> OURS = Map.of();

    private double produce;
    private double fetch;
    private double changes;

    @Override
    public void configure(Map<String, ?> configs) {
        produce = rate(configs, "headrace.produce.bytes.per.second");
        fetch = rate(configs, "headrace.fetch.bytes.per.second");
        changes = rate(configs, "headrace.partition.changes.per.second");
    }

    private static double rate(Map<String, ?> configs, String name) {
        Object value = configs.get(name);
        return value == null ? Double.MAX_VALUE : Double.parseDouble(value.toString());
    }

    @Override
    public Map<String, String> quotaMetricTags(ClientQuotaType type, KafkaPrincipal principal, String clientId) {
        String who = principal.getName();
        return who.equals(Gate.CONTROL_PLANE) || who.equals(Gate.BROKER) ? OURS : CUSTOMERS;
    }

    @Override
    public Double quotaLimit(ClientQuotaType type, Map<String, String> tags) {
        if (tags.isEmpty()) {
            return null;
        }
        return switch (type) {
            case PRODUCE -> produce;
            case FETCH -> fetch;
            case CONTROLLER_MUTATION -> changes;
            case REQUEST -> null;
        };
    }

    @Override
    public void updateQuota(ClientQuotaType type, ClientQuotaEntity entity, double value) {
        // Customers can not set quotas here: the gate refuses AlterClientQuotas by its operation.
    }

    @Override
    public void removeQuota(ClientQuotaType type, ClientQuotaEntity entity) {
        // As for updateQuota.
    }

    @Override
    public boolean quotaResetRequired(ClientQuotaType type) {
        return false;
    }

    @Override
    public boolean updateClusterMetadata(Cluster cluster) {
        return false;
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
