import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.json.simple.JSONArray;
import org.json.simple.JSONObject;
import org.json.simple.JSONValue;

/**
 * Every call of the vendor's Java clients, CardConnect/java-cardconnect-api and
 * CardConnect/java-cardconnect-api-v2, with the members that the example of the first sends. The
 * example itself names a site, an account and a card of the vendor's that have expired; the second
 * client has no calls of its own.
 *
 * <pre>
 * java Vendor com.cardconnect.rest.CardConnectRestClient
 * java Vendor com.cardconnect.api.service.RestClientService
 * </pre>
 */
@SuppressWarnings("unchecked")
public final class Vendor {
    private static final String CONTROL = "http://127.0.0.1:4001/_simulator/";
    private static final String GATEWAY = "https://fts-uat.cardconnect.com:6443/cardconnect/rest/";
    private static final String MERCHANT = "496160873888";
    private static final String VISA = "4788250000121443";
    private static final String NO_FUNDS = "4387751111111053";
    private static final String TOKEN = "9477709629051443";

    private final HttpClient http = HttpClient.newHttpClient();
    private final Class<?> type;
    private final Object client;
    private final boolean isSecond;
    private int passed;

    private Vendor(String name, String password) throws Exception {
        type = Class.forName(name);
        isSecond = name.endsWith("RestClientService");
        client = isSecond
                ? type.getConstructor(String.class, String.class)
                        .newInstance(GATEWAY, "testing:" + password)
                : type.getConstructor(String.class, String.class, String.class)
                        .newInstance(GATEWAY, "testing", password);
    }

    public static void main(String[] arguments) throws Exception {
        Vendor vendor = new Vendor(arguments[0], "testing123");
        vendor.run();
        Vendor stranger = new Vendor(arguments[0], "wrong");
        stranger.wrongPassword();
        int passed = vendor.passed + stranger.passed;
        System.out.println(passed + " of " + passed);
    }

    private void run() throws Exception {
        authorization();
        decline();
        capture();
        voids();
        refundAndReports();
        profiles();
        if (isSecond) {
            others();
        }
    }

    private void authorization() throws Exception {
        JSONArray fields = new JSONArray();
        fields.add(object("Field1", "Value1"));
        String retref = authorize("userfields", fields);
        JSONObject found = call("inquireTransaction", MERCHANT, retref);
        approved(found, "00");
        has(found, "setlstat", "Authorized", "orderId", "12345", "amount", "1.00", "name", "Test User");
        same(fields, found.get("userfields"));
        ok("authorization");
    }

    private void decline() throws Exception {
        JSONObject request =
                object("merchid", MERCHANT, "account", NO_FUNDS, "expiry", "1249", "amount", "100");
        has(call("authorizeTransaction", request), "respstat", "C", "resptext", "Insufficient funds");
        has(call("inquireTransaction", MERCHANT, "001000000000"), "resptext", "Txn not found");
        ok("decline");
    }

    private void capture() throws Exception {
        JSONArray items = new JSONArray();
        items.add(object(
                "lineno", "1", "material", "12345", "description", "Item Description",
                "upc", "0001122334455", "quantity", "5", "uom", "each", "unitcost", "020"));
        String retref = authorize();
        JSONObject captured = call("captureTransaction", object(
                "merchid", MERCHANT, "amount", "100", "currency", "USD", "retref", retref,
                "ponumber", "12345", "taxamnt", "007", "shipfromzip", "11111", "shiptozip", "11111",
                "shiptocountry", "US", "postal", "11111", "items", items, "authcode", "0001234",
                "invoiceid", "0123456789", "orderdate", "20140131", "frtamnt", "1", "dutyamnt", "1"));
        approved(captured, "00");
        has(captured, "setlstat", "Queued for Capture", "amount", "1.00", "retref", retref);
        ok("capture");
    }

    /** The example voids with an amount of 0. */
    private void voids() throws Exception {
        for (String capture : new String[] {"N", "Y"}) {
            String retref = authorize("capture", capture);
            JSONObject voided = call("voidTransaction", followUp(retref, "0"));
            approved(voided, "00");
            has(voided, "authcode", "REVERS", "amount", "0.00", "retref", retref);
            has(call("inquireTransaction", MERCHANT, retref), "setlstat", "Voided");
        }
        ok("voids");
    }

    private void refundAndReports() throws Exception {
        String retref = authorize("capture", "Y");
        has(call("refundTransaction", followUp(retref, "100")), "resptext", "Txn not settled");
        control("settle", "{}");
        JSONObject refund = call("refundTransaction", followUp(retref, "100"));
        approved(refund, "00");
        has(refund, "amount", "1.00");
        String refunded = (String) refund.get("retref");
        control("settle", "{}");
        // Whatever day it is: a week has business days, and deposits are of those.
        control("clock", "{\"advance_s\":604800}");
        OffsetDateTime now = OffsetDateTime.parse((String) control("clock", null).get("now"));
        if (isSecond) {
            reportsOfSecond(day(now));
        } else {
            reports(now, retref, refunded);
        }
        ok("refundAndReports");
    }

    private void reports(OffsetDateTime now, String retref, String refunded) throws Exception {
        Map<Object, Object> settled = new HashMap<>();
        Map<Object, Object> deposited = new HashMap<>();
        for (int ago = 0; ago <= 8; ago++) {
            settled.putAll(settled(call("settlementStatus", MERCHANT, day(now.minusDays(ago)))));
            JSONObject deposit = call("depositStatus", MERCHANT, day(now.minusDays(ago)));
            for (JSONObject entry : objects(deposit.get("txns"))) {
                deposited.put(entry.get("retref"), entry.get("action"));
            }
        }
        same("Y Y", settled.get(retref) + " " + settled.get(refunded));
        same("DEB REF", deposited.get(retref) + " " + deposited.get(refunded));
        // Without an account and a day: everything that no such call has listed before.
        Map<Object, Object> listed = settled(call("settlementStatus", null, null));
        same("Y Y", listed.get(retref) + " " + listed.get(refunded));
        same(null, call("settlementStatus", null, null));
        has(call("depositStatus", null, null), "merchid", MERCHANT);
    }

    private static Map<Object, Object> settled(JSONArray batches) {
        Map<Object, Object> settled = new HashMap<>();
        for (JSONObject batch : objects(batches)) {
            has(batch, "merchid", MERCHANT, "respproc", "FNOR", "hoststat", "GB");
            for (JSONObject entry : objects(batch.get("txns"))) {
                settled.put(entry.get("retref"), entry.get("setlstat"));
            }
        }
        return settled;
    }

    /**
     * The second client names the settlement's service `setlstat`, which is not there, and takes
     * funding, an object, for an array.
     */
    private void reportsOfSecond(String day) throws Exception {
        same(null, call("settlementStatus", MERCHANT, day));
        try {
            call("fundingStatus", MERCHANT, day);
        } catch (ClassCastException exception) {
            return;
        }
        throw new AssertionError("funding is an array");
    }

    private void profiles() throws Exception {
        JSONObject held = call("authorizeTransaction", payment("profile", "Y"));
        approved(held, "00");
        Object saved = held.get("profileid");
        JSONObject account = objects(call("profileGet", saved, "", MERCHANT)).get(0);
        has(account, "profileid", saved, "acctid", "1", "defaultacct", "Y", "name", "Test User",
                "postal", "11111", "expiry", "1249");
        approved(call("profileDelete", saved, "", MERCHANT), "08");

        JSONObject created = call("profileCreate", object(
                "merchid", MERCHANT, "defaultacct", "Y", "account", VISA, "expiry", "1249",
                "name", "Test User", "address", "123 Test St", "city", "TestCity",
                "region", "TestState", "country", "US", "postal", "11111"));
        approved(created, "09");
        has(created, "resptext", "Profile Saved", "token", TOKEN);
        Object profile = created.get("profileid");
        JSONObject updated = call("profileUpdate", object(
                "merchid", MERCHANT, "profile", profile + "/1", "account", VISA, "expiry", "1250",
                "name", "Other User"));
        approved(updated, "09");
        account = objects(call("profileGet", profile, "1", MERCHANT)).get(0);
        has(account, "name", "Other User", "expiry", "1250");
        approved(call("profileDelete", profile, "1", MERCHANT), "08");
        ok("profiles");
    }

    /** The calls that only the second client has. */
    private void others() throws Exception {
        JSONObject signature =
                object("merchid", MERCHANT, "retref", authorize(), "signature", "H4sIAAAA");
        has(call("signatureCapture", signature), "resptext", "signature stored");
        has(call("bin", MERCHANT, TOKEN), "product", "V");
        JSONObject opened = call("openBatch", MERCHANT, "17");
        has(opened, "respcode", "success");
        JSONObject closed = call("closeBatch", MERCHANT, opened.get("batchid"));
        has(closed, "respcode", "success", "batchid", opened.get("batchid"));
        ok("others");
    }

    /** The client prints the error, and returns null. */
    private void wrongPassword() throws Exception {
        same(null, call("inquireTransaction", MERCHANT, "001000000000"));
        ok("wrongPassword");
    }

    /** Calls the only method of this name with as many arguments. */
    private <T> T call(String name, Object... arguments) throws Exception {
        for (Method method : type.getMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == arguments.length) {
                try {
                    return (T) method.invoke(client, arguments);
                } catch (InvocationTargetException exception) {
                    throw (Exception) exception.getCause();
                }
            }
        }
        throw new NoSuchMethodException(name);
    }

    private String authorize(Object... change) throws Exception {
        JSONObject paid = call("authorizeTransaction", payment(change));
        approved(paid, "00");
        has(paid, "amount", "1.00", "merchid", MERCHANT, "token", TOKEN, "cvvresp", "M");
        return (String) paid.get("retref");
    }

    private JSONObject payment(Object... change) {
        JSONObject request = object(
                "merchid", MERCHANT, "accttype", "VI", "account", VISA, "expiry", "1249", "cvv2", "776",
                "amount", "100", "currency", "USD", "orderid", "12345", "name", "Test User",
                "Street", "123 Test St", "city", "TestCity", "region", "TestState", "country", "US",
                "postal", "11111", "tokenize", "Y");
        request.putAll(object(change));
        return request;
    }

    private static JSONObject followUp(String retref, String amount) {
        return object("merchid", MERCHANT, "amount", amount, "currency", "USD", "retref", retref);
    }

    private static JSONObject object(Object... members) {
        JSONObject object = new JSONObject();
        for (int index = 0; index < members.length; index += 2) {
            object.put(members[index], members[index + 1]);
        }
        return object;
    }

    private static String day(OffsetDateTime time) {
        return time.format(DateTimeFormatter.ofPattern("MMdd"));
    }

    private static List<JSONObject> objects(Object array) {
        return array == null ? List.of() : (JSONArray) array;
    }

    /** Gets a page of the control interface, or posts a body to it. */
    private JSONObject control(String path, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(CONTROL + path));
        if (body != null) {
            request.POST(BodyPublishers.ofString(body));
        }
        HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
        same(200, response.statusCode());
        return (JSONObject) JSONValue.parse(response.body());
    }

    private static void approved(JSONObject response, String code) {
        has(response, "respstat", "A", "respcode", code);
    }

    private static void has(JSONObject response, Object... members) {
        for (int index = 0; index < members.length; index += 2) {
            same(members[index] + ": " + members[index + 1],
                    members[index] + ": " + response.get(members[index]));
        }
    }

    private static void same(Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError("expected " + expected + ", not " + actual);
        }
    }

    private void ok(String check) {
        passed++;
        System.out.println("ok " + check);
    }
}
