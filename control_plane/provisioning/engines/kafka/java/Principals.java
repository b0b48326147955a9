package headrace;

import java.util.Set;
import org.apache.kafka.common.security.auth.AuthenticationContext;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder;

/**
 * Kafka's own principals, but that nobody is one of ours who has not come in where we do: a request that a broker
 * forwards to the controller no longer tells by which listener it came.
 */
public final class Principals extends DefaultKafkaPrincipalBuilder {
    private static final Set<String> OURS = Set.of(Gate.CONTROL_PLANE, Gate.BROKER);
    private static final Set<String> INNER_LISTENERS = Set.of(Gate.INTERNAL, "CONTROLLER");

    public Principals() {
        super(null, null);
    }

    @Override
    public KafkaPrincipal build(AuthenticationContext context) {
        KafkaPrincipal found = super.build(context);
        boolean isOurs = OURS.contains(found.getName());
        return isOurs && !INNER_LISTENERS.contains(context.listenerName()) ? KafkaPrincipal.ANONYMOUS : found;
    }
}
