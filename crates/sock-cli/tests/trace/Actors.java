// A server with a thread for each client that says in capitals what it hears, and a client: `java Actors.java ROLE [PORT]`.

import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

public final class Actors {
    public static void main(String[] words) throws Exception {
        if (words[0].equals("server")) {
            // Of both families: its addresses are IPv4's within IPv6.
            var server = new ServerSocket(0, 50, null);
            System.out.println(server.getLocalPort());
            while (true) {
                var connection = server.accept();
                new Thread(() -> upper(connection)).start();
            }
        }
        try (var socket = new Socket(InetAddress.getByName("127.0.0.1"), Integer.parseInt(words[1]))) {
            socket.getOutputStream().write("hello from java\n".getBytes());
            socket.shutdownOutput();
            System.out.print(new String(socket.getInputStream().readAllBytes()));
        }
        System.exit(3);
    }

    private static void upper(Socket connection) {
        try (connection) {
            InputStream in = connection.getInputStream();
            byte[] room = new byte[1024];
            for (int n = in.read(room); n >= 0; n = in.read(room)) {
                connection.getOutputStream().write(new String(room, 0, n).toUpperCase().getBytes());
            }
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }
}
