package headrace;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;

/** Kafka's own access rules behind the {@link Gate}: what that refuses no rule allows. */
public final class GatedAuthorizer extends StandardAuthorizer {
    @Override
    public List<AuthorizationResult> authorize(AuthorizableRequestContext context, List<Action> actions) {
        List<AuthorizationResult> results = new ArrayList<>(super.authorize(context, actions));
        for (int i = 0; i < actions.size(); i++) {
            Action action = actions.get(i);
            var resource = action.resourcePattern();
            if (!Gate.isOpen(context, action.operation(), resource.resourceType(), resource.name())) {
                results.set(i, AuthorizationResult.DENIED);
            }
            if (results.get(i) == AuthorizationResult.ALLOWED && resource.resourceType() == ResourceType.TOPIC) {
                Use.note(context, resource.name());
            }
        }
        return results;
    }

    @Override
    public AuthorizationResult authorizeByResourceType(
            AuthorizableRequestContext context, AclOperation operation, ResourceType type) {
        if (!Gate.isOpen(context, operation, type, null)) {
            return AuthorizationResult.DENIED;
        }
        return super.authorizeByResourceType(context, operation, type);
    }
}
