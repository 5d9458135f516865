// A receiver in C#, without a library. In ASP.NET Core it is the method Genuine alone.
using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;

static class Receiver
{
    static readonly byte[] Secret = Convert.FromBase64String(
        Environment.GetEnvironmentVariable("WEBHOOK_SECRET").Substring("whsec_".Length));

    static bool Genuine(string id, string stamp, string signatures, byte[] body)
    {
        long seconds;
        if (!long.TryParse(stamp, out seconds)) return false;
        if (Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds) > 300) return false;
        byte[] content = Encoding.UTF8.GetBytes(id + "." + stamp + ".").Concat(body).ToArray();
        byte[] expected;
        using (var hmac = new HMACSHA256(Secret)) expected = hmac.ComputeHash(content);
        return signatures.Split(' ').Any(one => SameAs(expected, one));
    }

    // Takes as long for every signature, so that its time tells nothing.
    static bool SameAs(byte[] expected, string given)
    {
        byte[] own = Encoding.ASCII.GetBytes("v1," + Convert.ToBase64String(expected));
        byte[] other = Encoding.ASCII.GetBytes(given);
        int different = own.Length ^ other.Length;
        for (int i = 0; i < own.Length && i < other.Length; i++) different |= own[i] ^ other[i];
        return different == 0;
    }

    static void Main()
    {
        var listener = new HttpListener();
        string port = Environment.GetEnvironmentVariable("PORT") ?? "4242";
        listener.Prefixes.Add("http://127.0.0.1:" + port + "/");
        listener.Start();
        while (true)
        {
            HttpListenerContext context = listener.GetContext();
            var body = new MemoryStream();
            context.Request.InputStream.CopyTo(body);
            Func<string, string> header = name => context.Request.Headers[name] ?? "";
            bool genuine = Genuine(header("webhook-id"), header("webhook-timestamp"),
                header("webhook-signature"), body.ToArray());
            if (genuine) Console.WriteLine(Encoding.UTF8.GetString(body.ToArray()));
            context.Response.StatusCode = genuine ? 204 : 401;
            context.Response.Close();
        }
    }
}
