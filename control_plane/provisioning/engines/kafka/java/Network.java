package headrace;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** Addresses with the same first bits, such as 10.0.0.0/8. */
record Network(byte[] base, int bits) {
    private static final int BITS_PER_BYTE = 8;

    /** Reads what the control plane has checked; only digits and letters of addresses, so no name is looked up. */
    static Network parse(String text) throws IOException {
        String[] parts = text.split("/", 2);
        if (!parts[0].matches("[0-9a-fA-F:.]+")) {
            throw new IOException("allowed_networks: an address expected");
        }
        try {
            byte[] base = InetAddress.getByName(parts[0]).getAddress();
            int width = base.length * BITS_PER_BYTE;
            int bits = parts.length == 1 ? width : Integer.parseInt(parts[1]);
            if (bits < 0 || bits > width) {
                throw new IOException("allowed_networks: a length of at most " + width + " expected");
            }
            return new Network(base, bits);
        } catch (UnknownHostException | NumberFormatException error) {
            throw new IOException("allowed_networks: an address, or a network such as 10.0.0.0/8, expected", error);
        }
    }

    /** IPv4 addresses that come as IPv6 are IPv4 addresses to Java already. */
    boolean contains(InetAddress address) {
        byte[] other = address.getAddress();
        if (other.length != base.length) {
            return false;
        }
        int whole = bits / BITS_PER_BYTE;
        if (!Arrays.equals(base, 0, whole, other, 0, whole)) {
            return false;
        }
        int rest = bits % BITS_PER_BYTE;
        return rest == 0 || ((base[whole] ^ other[whole]) & 0xff) >>> (BITS_PER_BYTE - rest) == 0;
    }
}
