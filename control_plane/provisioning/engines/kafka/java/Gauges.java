package headrace;

import java.lang.management.ManagementFactory;
import java.util.Set;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** What Kafka tells of itself by gauges. */
final class Gauges {
    private static final MBeanServer SERVER = ManagementFactory.getPlatformMBeanServer();

    private Gauges() {}

    /** The value of one gauge; {@code otherwise} while Kafka has not made it yet. */
    static long value(String name, long otherwise) {
        return number(name, "Value", otherwise);
    }

    /** A number of one bean; {@code otherwise} while Kafka has not made it yet. */
    static long number(String name, String attribute, long otherwise) {
        try {
            return ((Number) SERVER.getAttribute(new ObjectName(name), attribute)).longValue();
        } catch (JMException error) {
            return otherwise;
        }
    }

    /** The names of all beans that match. */
    static Set<ObjectName> names(String pattern) {
        try {
            return SERVER.queryNames(new ObjectName(pattern), null);
        } catch (JMException error) {
            throw new IllegalArgumentException(pattern, error);
        }
    }

    /** The sum of an attribute over all beans that match. */
    static long sum(String pattern, String attribute) {
        try {
            long sum = 0;
            for (ObjectName one : SERVER.queryNames(new ObjectName(pattern), null)) {
                sum += ((Number) SERVER.getAttribute(one, attribute)).longValue();
            }
            return sum;
        } catch (JMException error) {
            return 0;
        }
    }

    /** A word of Kafka's own, empty while there is none. */
    static String word(String name, String attribute) {
        try {
            return String.valueOf(SERVER.getAttribute(new ObjectName(name), attribute));
        } catch (JMException error) {
            return "";
        }
    }
}
