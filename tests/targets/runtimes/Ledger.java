import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Writes a row every five minutes, by PostgreSQL's driver for Java, which knows no Unix sockets. */
public class Ledger {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        Connection connection = DriverManager.getConnection(
            System.getenv("DB_URL"), System.getenv("DB_USER"), System.getenv("DB_PASSWORD"));
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(() -> write(connection), 300, 300, TimeUnit.SECONDS);
        server.start();
    }

    static void write(Connection connection) {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO people (name) VALUES (now()::text)")) {
            insert.executeUpdate();
            System.out.println("tick at " + System.currentTimeMillis() / 1000);
        } catch (SQLException error) {
            System.out.println(error);
        }
    }
}
