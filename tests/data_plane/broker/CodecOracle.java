import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;

/**
 * Reads `NAME VERSION HEX` lines with Kafka's own classes, writes each message again and prints the lines that came out
 * otherwise, then the count of all lines.
 */
public final class CodecOracle {
    private static final String PACKAGE = "org.apache.kafka.common.message.";

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        int count = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String problem = check(line.split(" ", -1));
            if (problem != null) {
                System.out.println(problem + ": " + line);
            }
            count++;
        }
        System.out.println(count);
    }

    private static String check(String[] parts) throws Exception {
        short version = Short.parseShort(parts[1]);
        byte[] written = HexFormat.of().parseHex(parts[2]);
        ByteBuffer source = ByteBuffer.wrap(written);
        Message message;
        try {
            message = (Message) messageClass(parts[0])
                .getConstructor(Readable.class, short.class)
                .newInstance(new ByteBufferAccessor(source), version);
        } catch (java.lang.reflect.InvocationTargetException error) {
            return "unreadable (" + error.getCause() + ")";
        }
        if (source.hasRemaining()) {
            return source.remaining() + " bytes left over";
        }
        return Arrays.equals(written, write(message, version)) ? null : "written otherwise";
    }

    private static byte[] write(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer target = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(target), cache, version);
        return target.array();
    }

    private static Class<?> messageClass(String name) throws ClassNotFoundException {
        try {
            return Class.forName(PACKAGE + name + "Data");
        } catch (ClassNotFoundException plain) {
            return Class.forName(PACKAGE + name);
        }
    }
}
