package tollgate;

import javax.xml.bind.annotation.XmlAccessType;
import javax.xml.bind.annotation.XmlAccessorType;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlRootElement;

/**
 * The messages. Every member is a String, as in the API's own sample, so that nothing is rounded
 * and no leading zero is lost. Elements are written in the order of the fields.
 */
public final class Models {
    private Models() {}

    /** A request. */
    @XmlRootElement(name = "CardTransactionBindingModel")
    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Binding {
        @XmlElement(name = "Authentication")
        public Authentication authentication;

        @XmlElement(name = "Request")
        public Request request;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Authentication {
        @XmlElement(name = "Id")
        public String id;

        @XmlElement(name = "Key")
        public String key;
    }

    /** A payment, or what is done to one, which its TransactionID names. */
    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Request {
        @XmlElement(name = "TransactionType")
        public String transactionType;

        @XmlElement(name = "Card")
        public Card card;

        @XmlElement(name = "CaptureMethod")
        public String captureMethod;

        @XmlElement(name = "BillingAddress")
        public BillingAddress billingAddress;

        @XmlElement(name = "Amount")
        public String amount;

        @XmlElement(name = "CurrencyCode")
        public String currencyCode;

        @XmlElement(name = "TransactionReference")
        public String transactionReference;

        @XmlElement(name = "TransactionID")
        public String transactionId;

        @XmlElement(name = "Description")
        public String description;

        // Written as xsi:nil where they are null, which says the same as leaving them out.
        @XmlElement(name = "DealType", nillable = true)
        public String dealType;

        @XmlElement(name = "Discount", nillable = true)
        public Discount discount;

        @XmlElement(name = "SaveToFile", nillable = true)
        public String saveToFile;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Card {
        @XmlElement(name = "CardNumber")
        public String cardNumber;

        @XmlElement(name = "ExpiryDate")
        public String expiryDate;

        @XmlElement(name = "CVV")
        public String cvv;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    public static class BillingAddress {
        @XmlElement(name = "Zip")
        public String zip;

        @XmlElement(name = "Country")
        public String country;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Discount {
        @XmlElement(name = "DiscountCode")
        public String discountCode;

        @XmlElement(name = "Product")
        public String product;
    }

    /** A response, whatever its HTTP status. */
    @XmlRootElement(name = "CardTransactionOutgoingModel")
    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Outgoing {
        @XmlElement(name = "Message", required = true)
        public Message message;

        @XmlElement(name = "Response", required = true)
        public Response response;
    }

    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Message {
        @XmlElement(name = "Code", required = true)
        public String code;

        @XmlElement(name = "Description", required = true)
        public String description;
    }

    /** In the order in which they come, so that a response written again is the same text. */
    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Response {
        @XmlElement(name = "Advice", nillable = true)
        public String advice;

        @XmlElement(name = "ApprovedAmount", nillable = true)
        public String approvedAmount;

        @XmlElement(name = "AuthCode", nillable = true)
        public String authCode;

        @XmlElement(name = "AvsResultCode", nillable = true)
        public String avsResultCode;

        @XmlElement(name = "CapturedAmount", nillable = true)
        public String capturedAmount;

        @XmlElement(name = "CardType", nillable = true)
        public String cardType;

        @XmlElement(name = "CustomerId", nillable = true)
        public String customerId;

        @XmlElement(name = "CvvResultCode", nillable = true)
        public String cvvResultCode;

        @XmlElement(name = "DeclineCode", nillable = true)
        public String declineCode;

        @XmlElement(name = "DiscountedAmount", nillable = true)
        public String discountedAmount;

        // Only where the account charges a fee.
        @XmlElement(name = "FeeKind")
        public String feeKind;

        @XmlElement(name = "FeeAmount")
        public String feeAmount;

        @XmlElement(name = "CapturedFeeAmount")
        public String capturedFeeAmount;

        @XmlElement(name = "RefundedFeeAmount")
        public String refundedFeeAmount;

        @XmlElement(name = "LiveMode", nillable = true)
        public String liveMode;

        @XmlElement(name = "ProfileId", nillable = true)
        public String profileId;

        @XmlElement(name = "RefundedAmount", nillable = true)
        public String refundedAmount;

        @XmlElement(name = "ResponseCode", nillable = true)
        public String responseCode;

        @XmlElement(name = "ResponseCodeText", nillable = true)
        public String responseCodeText;

        @XmlElement(name = "TransactionID", nillable = true)
        public String transactionId;

        @XmlElement(name = "TransactionReference", nillable = true)
        public String transactionReference;
    }
}
