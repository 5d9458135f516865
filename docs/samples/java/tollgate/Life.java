package tollgate;

import java.io.StringReader;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Objects;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.xml.bind.JAXBContext;
import javax.xml.bind.Marshaller;
import javax.xml.bind.Unmarshaller;

/**
 * The life of a payment of the credit-card API with JAXB, against a stack that runs. An element of
 * a response that the classes do not have is an error, and a response written again has the
 * elements of the one that came.
 *
 * <p>With Debian's libjaxb-java; other JAXB 2 libraries do as well:
 *
 * <pre>
 * CLASSPATH=out:/usr/share/java/jaxb-runtime.jar:/usr/share/java/jaxb-api.jar
 * javac -d out tollgate/*.java
 * java tollgate.Life http://127.0.0.1:3000 http://127.0.0.1:3001/_simulator
 * </pre>
 */
public final class Life {
    private static final String VISA = "4788250000121443";
    private static final String NO_FUNDS = "4387751111111053";

    private final HttpClient http = HttpClient.newHttpClient();
    private final JAXBContext context;
    private final String host;
    private final boolean formatted;
    private String key = "467512342123";

    private Life(String host, boolean formatted) throws Exception {
        this.context = JAXBContext.newInstance(Models.Binding.class, Models.Outgoing.class);
        this.host = host;
        this.formatted = formatted;
    }

    public static void main(String[] arguments) throws Exception {
        for (boolean formatted : new boolean[] {false, true}) {
            new Life(arguments[0], formatted).run(arguments[1], "jaxb-" + UUID.randomUUID());
        }
        System.out.println("JAXB: a payment was authorized, captured, refunded, declined, voided");
    }

    private void run(String simulator, String reference) throws Exception {
        Models.Response held = send("authorize", payment("0", reference, VISA), 200, "00").response;
        same("1", held.responseCode);
        same("20.50", held.approvedAmount);
        same("0.00", held.capturedAmount);
        same("false", held.liveMode);
        same(null, held.declineCode);
        String id = held.transactionId;

        Models.Outgoing captured = send("capture", followUp(null, id, reference, "15.00"), 200, "00");
        same("15.00", captured.response.capturedAmount);
        URI settle = URI.create(simulator + "/settle");
        http.send(HttpRequest.newBuilder(settle).POST(BodyPublishers.ofString("{}")).build(),
                BodyHandlers.discarding());
        Models.Outgoing refunded = send("refund", followUp("2", id, reference, "5.00"), 200, "00");
        same("5.00", refunded.response.refundedAmount);
        same(null, refunded.response.authCode);

        Models.Outgoing declined = send("charge", payment("1", reference + "-d", NO_FUNDS), 200, "02");
        same("2", declined.response.responseCode);
        same("insufficient_funds", declined.response.declineCode);

        Models.Outgoing other = send("authorize", payment("0", reference + "-v", VISA), 200, "00");
        String otherId = other.response.transactionId;
        Models.Outgoing voided = send("void", followUp(null, otherId, reference, null), 200, "00");
        same("voided", voided.message.description);

        // Errors come as the same classes.
        Models.Request wrong = payment("0", reference + "-w", VISA);
        wrong.amount = "20.5";
        same("3", send("authorize", wrong, 400, "16").response.responseCode);
        wrong.currencyCode = "JPY";
        same("3", send("authorize", wrong, 200, "46").response.responseCode);
        Models.Request unknown = followUp(null, UUID.randomUUID().toString(), null, null);
        same("3", send("status", unknown, 200, "32").response.responseCode);
        same("3", send("sale", wrong, 404, "30").response.responseCode);
        key = "wrong-wrong-wrong";
        same("3", send("authorize", wrong, 401, "20").response.responseCode);
    }

    private static Models.Request payment(String type, String reference, String number) {
        Models.Request request = new Models.Request();
        request.transactionType = type;
        request.card = new Models.Card();
        request.card.cardNumber = number;
        request.card.expiryDate = "10/31";
        request.card.cvv = "112";
        request.captureMethod = "2";
        request.billingAddress = new Models.BillingAddress();
        request.billingAddress.zip = "55555";
        request.billingAddress.country = "USA";
        request.amount = "20.50";
        request.currencyCode = "USD";
        request.transactionReference = reference;
        request.description = "Two desks & a <lamp>";
        return request;
    }

    private static Models.Request followUp(String type, String id, String reference, String amount) {
        Models.Request request = new Models.Request();
        request.transactionType = type;
        request.transactionId = id;
        request.transactionReference = reference;
        request.amount = amount;
        return request;
    }

    private Models.Outgoing send(String route, Models.Request request, int status, String code)
            throws Exception {
        Models.Binding binding = new Models.Binding();
        binding.authentication = new Models.Authentication();
        binding.authentication.id = "170200123";
        binding.authentication.key = key;
        binding.request = request;
        URI uri = URI.create(host + "/api/v1/payments/creditcard/" + route);
        // Java's client sends no Accept: the response has the format of the request.
        var sent = HttpRequest.newBuilder(uri).header("Content-Type", "application/xml")
                .POST(BodyPublishers.ofString(write(binding))).build();
        var response = http.send(sent, BodyHandlers.ofString());
        String text = response.body();
        same(status + " application/xml; charset=utf-8",
                response.statusCode() + " " + response.headers().firstValue("content-type").orElse(""));
        Unmarshaller unmarshaller = context.createUnmarshaller();
        unmarshaller.setEventHandler(event -> false);
        var outgoing = (Models.Outgoing) unmarshaller.unmarshal(new StringReader(text));
        same(elements(text), elements(write(outgoing)));
        same(code, outgoing.message.code + (outgoing.message.code.equals(code)
                ? "" : ": " + outgoing.message.description));
        return outgoing;
    }

    private String write(Object model) throws Exception {
        Marshaller marshaller = context.createMarshaller();
        marshaller.setProperty(Marshaller.JAXB_FORMATTED_OUTPUT, formatted);
        StringWriter text = new StringWriter();
        marshaller.marshal(model, text);
        return text.toString();
    }

    /** The names of a document's elements, each with what is in it. */
    private static String elements(String xml) {
        var found = new TreeSet<String>();
        var element = Pattern.compile("<(\\w+)(?: [^<>]*?)?(?:/>|>([^<]*)<)").matcher(xml);
        while (element.find()) {
            found.add(element.group(1) + "=" + Objects.requireNonNullElse(element.group(2), "").strip());
        }
        return found.toString();
    }

    private static void same(String expected, String found) {
        if (!Objects.equals(expected, found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }
}
