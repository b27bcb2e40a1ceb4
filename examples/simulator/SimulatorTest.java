// Tests against quecloud-sim with nothing but the JDK: java -ea SimulatorTest.java
//
// QUECLOUD_SIM names the program, which `go install github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest` makes.

import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

public class SimulatorTest {
    static final String PROGRAM = System.getenv().getOrDefault("QUECLOUD_SIM", "quecloud-sim");
    static final Set<String> UNSIGNED = Set.of("sign", "alarmParam", "alarmStatus", "pauseStatus");
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static String url, controlUrl;

    public static void main(String[] args) throws Exception {
        String platform = "127.0.0.1:" + freePort(), control = "127.0.0.1:" + freePort();
        url = "http://" + platform + "/openapi/router";
        controlUrl = "http://" + control;
        Process simulator = new ProcessBuilder(PROGRAM, "-addr", platform, "-control", control)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            int ready = new ProcessBuilder(PROGRAM, "ready", "-control", control, "-wait", "10s").inheritIO().start().waitFor();
            assert ready == 0 : "the simulator does not start";
            suspendsACard();
            startsFromAScenario();
            meetsAFault();
            System.out.println("3 tests passed");
        } finally {
            simulator.destroy();
            simulator.waitFor();
        }
    }

    static void suspendsACard() throws Exception {
        control("POST", "/reset", "");
        assert call("card.pause", Map.of("msisdn", "1064800000000")).body().contains("\"resultCode\":0");
        assert control("GET", "/cards/1064800000000", null).contains("\"status\":\"停机\"");
        String requests = control("GET", "/requests?method=card.pause&card=1064800000000&wait=5s", null);
        assert requests.contains("\"resultCode\":0") : requests;
    }

    static void startsFromAScenario() throws Exception {
        control("POST", "/scenario", """
                {"cards": [{"msisdn": "1064800000000", "status": "停机", "pauseReason": "主动停机"}]}""");
        assert call("card.info", Map.of("msisdn", "1064800000000")).body().contains("\"status\":\"停机\"");
    }

    static void meetsAFault() throws Exception {
        control("POST", "/reset", "");
        control("POST", "/faults", """
                {"fault": "status=503,on=card.info,times=1"}""");
        assert call("card.info", Map.of("msisdn", "1064800000000")).statusCode() == 503;
        assert call("card.info", Map.of("msisdn", "1064800000000")).statusCode() == 200;
    }

    static String control(String method, String path, String body) throws Exception {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        var response = HTTP.send(HttpRequest.newBuilder(URI.create(controlUrl + path))
                .header("Content-Type", "application/json").method(method, publisher).build(),
                HttpResponse.BodyHandlers.ofString());
        assert response.statusCode() == 200 : response.body();
        return response.body();
    }

    /** Calls the platform. A real client would take its credentials from its configuration. */
    static HttpResponse<String> call(String method, Map<String, String> params) throws Exception {
        var form = new TreeMap<>(params);
        form.put("appKey", "000001");
        form.put("method", "fc.function." + method);
        form.put("t", String.valueOf(System.currentTimeMillis() / 1000));
        String text = form.entrySet().stream().filter(p -> !UNSIGNED.contains(p.getKey()))
                .map(p -> p.getKey() + p.getValue()).collect(Collectors.joining());
        String secret = "quecloudtest-secret";
        byte[] hash = MessageDigest.getInstance("SHA-1").digest((secret + text + secret).getBytes(StandardCharsets.UTF_8));
        form.put("sign", HexFormat.of().withUpperCase().formatHex(hash));
        String body = form.entrySet().stream()
                .map(p -> p.getKey() + "=" + URLEncoder.encode(p.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return HTTP.send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
    }

    static int freePort() throws Exception {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
