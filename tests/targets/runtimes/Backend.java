import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Tells its clock, calls Stripe when it is asked to, and has a timer of five minutes. */
public class Backend {
    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/", exchange -> {
            String said;
            try {
                said = exchange.getRequestURI().getPath().equals("/stripe") ? stripe() : seconds();
            } catch (Exception error) {
                said = error.toString();
            }
            byte[] body = said.getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(
            () -> System.out.println("tick at " + seconds()), 300, 300, TimeUnit.SECONDS);
        server.start();
    }

    static String seconds() {
        return Long.toString(System.currentTimeMillis() / 1000);
    }

    static String stripe() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("https://api.stripe.com/v1/balance"))
            .header("Authorization", "Bearer " + System.getenv("STRIPE_SECRET_KEY")).build();
        return Integer.toString(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode());
    }
}
