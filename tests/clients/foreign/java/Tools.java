import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Map;
import org.apache.kafka.common.utils.Exit;

/** Runs Apache Kafka's command line tools one after the other in one machine, which takes seconds to start. */
public final class Tools {
    /** The status with which a tool wanted to end first; one that catches everything wants to again. */
    private Integer status;

    private Tools() {}

    public static void main(String[] arguments) throws Exception {
        var tools = new Tools();
        Exit.setExitProcedure((status, message) -> {
            if (tools.status == null) tools.status = status;
            throw new Ended();
        });
        Contract.serve(told -> tools::run);
    }

    private Object run(JsonNode request) throws Exception {
        var arguments = new ArrayList<String>();
        request.get("arguments").forEach(one -> arguments.add(one.asText()));
        var main = Class.forName(request.get("program").asText()).getMethod("main", String[].class);
        var printed = new ByteArrayOutputStream();
        var complained = new ByteArrayOutputStream();
        PrintStream output = System.out;
        PrintStream errors = System.err;
        status = null;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
        try {
            main.invoke(null, (Object) arguments.toArray(String[]::new));
        } catch (InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Ended)) throw thrown;
        } finally {
            System.setOut(output);
            System.setErr(errors);
        }
        return Map.of(
                "status", status == null ? 0 : status, "printed", printed.toString(StandardCharsets.UTF_8), "complained", complained.toString(StandardCharsets.UTF_8));
    }

    /** What a tool does instead of ending the machine. */
    private static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1;
    }
}
