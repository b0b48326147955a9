package headrace;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Serves connections to a Unix socket of the node's own directory, one after the other. */
final class UnixServer {
    /** Answers one connection, which is closed afterwards. */
    interface Service {
        void serve(SocketChannel connection) throws IOException;
    }

    private UnixServer() {}

    static void start(Path path, Service service) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listening.bind(UnixDomainSocketAddress.of(path));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        Thread thread = new Thread(() -> accept(listening, service), "headrace-" + path);
        thread.setDaemon(true);
        thread.start();
    }

    private static void accept(ServerSocketChannel listening, Service service) {
        while (true) {
            try (SocketChannel connection = listening.accept()) {
                service.serve(connection);
            } catch (IOException | RuntimeException error) {
                // Whoever asked is gone, or asked for what can not be: the next one is served all the same.
                System.err.println("headrace: " + error);
            }
        }
    }
}
