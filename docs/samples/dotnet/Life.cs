// The life of a payment with each serializer of .NET, against a stack that runs. Every response is
// read, written again and read again, and nothing may be lost on the way.
//
//   mcs -r:System.Runtime.Serialization -r:Newtonsoft.Json.dll CreditCard.cs Life.cs
//   mono CreditCard.exe http://127.0.0.1:3000 http://127.0.0.1:3001/_simulator

using System;
using System.IO;
using System.Net;
using System.Runtime.Serialization;
using System.Text;
using System.Xml;
using System.Xml.Serialization;
using Newtonsoft.Json;

namespace Tollgate.Samples
{
    /// <summary>Something that turns objects into bodies and back.</summary>
    public abstract class Format
    {
        protected static readonly XmlWriterSettings Bare =
            new XmlWriterSettings { OmitXmlDeclaration = true };

        public abstract string Name { get; }
        public abstract string MediaType { get; }
        public abstract string Write<T>(T value);
        public abstract T Read<T>(string text);
    }

    public class JsonNet : Format
    {
        public override string Name { get { return "Json.NET"; } }
        public override string MediaType { get { return "application/json"; } }
        public override string Write<T>(T value) { return JsonConvert.SerializeObject(value); }
        public override T Read<T>(string text) { return JsonConvert.DeserializeObject<T>(text); }
    }

    /// <summary>With the members that Json.NET adds where types are to be told apart.</summary>
    public class JsonNetWithTypes : JsonNet
    {
        private static readonly JsonSerializerSettings Settings = new JsonSerializerSettings
        {
            TypeNameHandling = TypeNameHandling.Objects,
            PreserveReferencesHandling = PreserveReferencesHandling.Objects,
        };
        public override string Name { get { return "Json.NET with $type and $id"; } }
        public override string Write<T>(T value)
        {
            return JsonConvert.SerializeObject(value, Settings);
        }
    }

    public class DataContract : Format
    {
        public override string Name { get { return "DataContractSerializer"; } }
        public override string MediaType { get { return "application/xml"; } }
        public override string Write<T>(T value)
        {
            var text = new StringBuilder();
            using (var writer = XmlWriter.Create(text, Bare))
                new DataContractSerializer(typeof(T)).WriteObject(writer, value);
            return text.ToString();
        }
        public override T Read<T>(string text)
        {
            using (var reader = XmlReader.Create(new StringReader(text)))
                return (T)new DataContractSerializer(typeof(T)).ReadObject(reader);
        }
    }

    public class Xml : Format
    {
        public override string Name { get { return "XmlSerializer"; } }
        public override string MediaType { get { return "text/xml"; } }
        public override string Write<T>(T value)
        {
            var text = new StringBuilder();
            using (var writer = XmlWriter.Create(text, Bare))
                new XmlSerializer(typeof(T)).Serialize(writer, value);
            return text.ToString();
        }
        public override T Read<T>(string text)
        {
            using (var reader = new StringReader(text))
                return (T)new XmlSerializer(typeof(T)).Deserialize(reader);
        }
    }

    public class Life
    {
        private const string Visa = "4788250000121443";
        private const string NoFunds = "4387751111111053";

        private readonly string host;
        private readonly Format format;

        private Life(string host, Format format)
        {
            this.host = host;
            this.format = format;
        }

        public static int Main(string[] arguments)
        {
            Format[] formats =
            {
                new JsonNet(), new JsonNetWithTypes(), new DataContract(), new Xml(),
            };
            for (var n = 0; n < formats.Length; n++)
            {
                var now = Convert.ToString(DateTime.UtcNow.Ticks, 16);
                new Life(arguments[0], formats[n]).Run("net-" + n + "-" + now, arguments[1]);
                Console.WriteLine(
                    "{0}: a payment was authorized, captured, refunded, declined, voided",
                    formats[n].Name);
            }
            return 0;
        }

        private void Run(string reference, string simulator)
        {
            var held = Send("authorize", Payment("0", reference, Visa));
            Expect("1", held, 200);
            Same("20.50", held.Response.ApprovedAmount);
            Same("0.00", held.Response.CapturedAmount);
            Same("false", held.Response.LiveMode);
            var id = held.Response.TransactionID;

            // In any spelling, as ASP.NET routes it.
            var captured = Send("Capture/", FollowUp(null, id, reference, "15.00"));
            Expect("1", captured, 200);
            Same("15.00", captured.Response.CapturedAmount);

            using (var client = new WebClient()) client.UploadString(simulator + "/settle", "{}");
            var refunded = Send("refund", FollowUp("2", id, reference, "5.00"));
            Expect("1", refunded, 200);
            Same("5.00", refunded.Response.RefundedAmount);
            Same(null, refunded.Response.AuthCode);

            var declined = Send("charge", Payment("1", reference + "-d", NoFunds));
            Expect("2", declined, 200);
            Same("insufficient_funds", declined.Response.DeclineCode);
            Same("retry_later", declined.Response.Advice);

            var other = Send("authorize", Payment("0", reference + "-v", Visa));
            var voided = FollowUp(null, other.Response.TransactionID, reference, null);
            Expect("1", Send("void", voided), 200);

            // Errors come as the same class.
            var wrong = Payment("0", reference + "-w", Visa);
            wrong.Request.Amount = "20.5";
            Expect("3", Send("authorize", wrong), 400);
            Same("16", Send("authorize", wrong).Message.Code);
            wrong.Authentication.Key = "wrong-wrong-wrong";
            Expect("3", Send("authorize", wrong), 401);
            var unknown = FollowUp(null, Guid.NewGuid().ToString(), null, null);
            Expect("3", Send("status", unknown), 200);
            Expect("3", Send("sale", wrong), 404);
        }

        private static CardTransactionBindingModel Payment(
            string type, string reference, string card)
        {
            return new CardTransactionBindingModel
            {
                Authentication = new AuthenticationModel { Id = "170200123", Key = "467512342123" },
                Request = new TransactionCardRequestModel
                {
                    TransactionType = type,
                    Card = new CardModel { CardNumber = card, ExpiryDate = "10/31", CVV = "112" },
                    CaptureMethod = "2",
                    BillingAddress = new BillingAddressModel { Zip = "55555", Country = "U.S.A." },
                    TransactionDateTime = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss"),
                    Amount = "20.50",
                    CurrencyCode = "USD",
                    TransactionReference = reference,
                },
            };
        }

        private static CardTransactionBindingModel FollowUp(
            string type, string id, string reference, string amount)
        {
            return new CardTransactionBindingModel
            {
                Authentication = new AuthenticationModel { Id = "170200123", Key = "467512342123" },
                Request = new TransactionCardRequestModel
                {
                    TransactionType = type,
                    TransactionID = id,
                    TransactionReference = reference,
                    Amount = amount,
                },
            };
        }

        private int status;

        private CardTransactionOutgoingModel Send(string route, CardTransactionBindingModel request)
        {
            var url = host + "/api/v1/payments/creditcard/" + route;
            var http = (HttpWebRequest)WebRequest.Create(url);
            http.Method = "POST";
            http.ContentType = format.MediaType;
            var body = Encoding.UTF8.GetBytes(format.Write(request));
            using (var stream = http.GetRequestStream()) stream.Write(body, 0, body.Length);
            HttpWebResponse response;
            try { response = (HttpWebResponse)http.GetResponse(); }
            catch (WebException error)
            {
                response = (HttpWebResponse)error.Response;
                if (response == null) throw;
            }
            using (response)
            using (var reader = new StreamReader(response.GetResponseStream(), Encoding.UTF8))
            {
                status = (int)response.StatusCode;
                if (!response.ContentType.StartsWith(format.MediaType))
                    throw new Exception(route + " responded in " + response.ContentType);
                var text = reader.ReadToEnd();
                var model = format.Read<CardTransactionOutgoingModel>(text);
                // What is written again is what was read: no member is missing in the classes.
                var again = format.Read<CardTransactionOutgoingModel>(format.Write(model));
                Same(JsonConvert.SerializeObject(model), JsonConvert.SerializeObject(again));
                if (format.MediaType == "application/json")
                    Same(text, JsonConvert.SerializeObject(model));
                return model;
            }
        }

        private void Expect(string responseCode, CardTransactionOutgoingModel model, int expected)
        {
            Same(expected.ToString(), status.ToString());
            if (model.Response.ResponseCode != responseCode)
                throw new Exception(model.Message.Code + " " + model.Message.Description);
        }

        private static void Same(string expected, string found)
        {
            if (expected != found) throw new Exception("expected " + expected + ", found " + found);
        }
    }
}
