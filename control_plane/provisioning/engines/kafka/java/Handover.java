package headrace;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The handover socket of docs/broker-process.md: a JVM's listening sockets can not be handed over, so none are. */
final class Handover {
    private Handover() {}

    static void start(Path path) throws IOException {
        String message = "{\"pid\":" + ProcessHandle.current().pid() + ",\"listeners\":[]}\n";
        UnixServer.start(path, connection -> connection.write(ByteBuffer.wrap(message.getBytes(StandardCharsets.UTF_8))));
    }
}
