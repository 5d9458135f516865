// The credit-card API's messages as classes, for .NET Framework, .NET and Mono. One set of classes
// for all serializers: DataContractSerializer, XmlSerializer and Json.NET.
//
// Every member is a string, as in the API's own sample, so that nothing is rounded and no leading
// zero is lost. A member that is null is left out of a request or sent as null: both are the same.

using System.Runtime.Serialization;
using System.Xml.Serialization;

namespace Tollgate.Samples
{
    /// <summary>The namespace of every element.</summary>
    public static class Api
    {
        public const string Namespace =
            "http://schemas.datacontract.org/2004/07/Payments.Api.Models";
    }

    /// <summary>A request.</summary>
    [DataContract(Namespace = Api.Namespace)]
    [XmlRoot(Namespace = Api.Namespace)]
    public class CardTransactionBindingModel
    {
        [DataMember] public AuthenticationModel Authentication { get; set; }
        [DataMember] public TransactionCardRequestModel Request { get; set; }
    }

    [DataContract(Namespace = Api.Namespace)]
    public class AuthenticationModel
    {
        [DataMember] public string Id { get; set; }
        [DataMember] public string Key { get; set; }
    }

    /// <summary>A payment, or what is done to one, which its TransactionID names.</summary>
    [DataContract(Namespace = Api.Namespace)]
    public class TransactionCardRequestModel
    {
        [DataMember] public string TransactionType { get; set; }
        [DataMember] public CardModel Card { get; set; }
        [DataMember] public string CaptureMethod { get; set; }
        [DataMember] public BillingAddressModel BillingAddress { get; set; }
        [DataMember] public string TransactionDateTime { get; set; }
        [DataMember] public string Amount { get; set; }
        [DataMember] public string CurrencyCode { get; set; }
        [DataMember] public string TransactionReference { get; set; }
        [DataMember] public string TransactionID { get; set; }
        [DataMember] public string Description { get; set; }
        [DataMember] public string DealType { get; set; }
        [DataMember] public string DealStage { get; set; }
        [DataMember] public string Email { get; set; }
        [DataMember] public string Authorizer { get; set; }
        [DataMember] public DiscountModel Discount { get; set; }
        [DataMember] public string Marketing { get; set; }
        [DataMember] public string RevenuePartner { get; set; }
        [DataMember] public string Name { get; set; }
        [DataMember] public string SaveToFile { get; set; }
    }

    [DataContract(Namespace = Api.Namespace)]
    public class CardModel
    {
        [DataMember] public string CardNumber { get; set; }
        [DataMember] public string ExpiryDate { get; set; }
        [DataMember] public string CVV { get; set; }
    }

    [DataContract(Namespace = Api.Namespace)]
    public class BillingAddressModel
    {
        [DataMember] public string HouseNumber { get; set; }
        [DataMember] public string ApartmentNumber { get; set; }
        [DataMember] public string Street { get; set; }
        [DataMember] public string Street2 { get; set; }
        [DataMember] public string City { get; set; }
        [DataMember] public string Zip { get; set; }
        [DataMember] public string County { get; set; }
        [DataMember] public string State { get; set; }
        [DataMember] public string Country { get; set; }
        [DataMember] public string CountryName { get; set; }
        [DataMember] public string Country2AlphaCode { get; set; }
        [DataMember] public string Country3AlphaCode { get; set; }
        [DataMember] public string CountryNumericCode { get; set; }
    }

    [DataContract(Namespace = Api.Namespace)]
    public class DiscountModel
    {
        [DataMember] public string DiscountCode { get; set; }
        [DataMember] public string Product { get; set; }
    }

    /// <summary>A response, whatever its HTTP status.</summary>
    [DataContract(Namespace = Api.Namespace)]
    [XmlRoot(Namespace = Api.Namespace)]
    public class CardTransactionOutgoingModel
    {
        [DataMember] public MessageModel Message { get; set; }
        [DataMember] public CardTransactionResponseModel Response { get; set; }
    }

    [DataContract(Namespace = Api.Namespace)]
    public class MessageModel
    {
        [DataMember] public string Code { get; set; }
        [DataMember] public string Description { get; set; }
    }

    [DataContract(Namespace = Api.Namespace)]
    public class CardTransactionResponseModel
    {
        [DataMember, XmlElement(IsNullable = true)] public string ResponseCode { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string ResponseCodeText { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string AuthCode { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string AvsResultCode { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string CvvResultCode { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string TransactionReference { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string TransactionID { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string CardType { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string DiscountedAmount { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string CustomerId { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string ProfileId { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string DeclineCode { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string Advice { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string ApprovedAmount { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string CapturedAmount { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string RefundedAmount { get; set; }
        [DataMember, XmlElement(IsNullable = true)] public string LiveMode { get; set; }
    }
}
