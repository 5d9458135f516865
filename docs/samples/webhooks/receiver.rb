# A receiver in Ruby, without a library. As a Rack application it is the method `genuine?` alone.
require "base64"
require "json"
require "openssl"
require "socket"

SECRET = Base64.decode64(ENV.fetch("WEBHOOK_SECRET").delete_prefix("whsec_"))

def genuine?(headers, body)
  id, stamp = headers.values_at("webhook-id", "webhook-timestamp")
  return false if (Time.now.to_i - stamp.to_i).abs > 300

  expected = Base64.strict_encode64(OpenSSL::HMAC.digest("SHA256", SECRET, "#{id}.#{stamp}.#{body}"))
  given = headers.fetch("webhook-signature", "").split.map { |one| one.delete_prefix("v1,") }
  given.any? { |one| OpenSSL.secure_compare(expected, one) }
end

server = TCPServer.new("127.0.0.1", Integer(ENV.fetch("PORT", "4242")))
loop do
  client = server.accept
  client.gets
  headers = {}
  while (line = client.gets&.chomp) && !line.empty?
    name, value = line.split(": ", 2)
    headers[name.downcase] = value
  end
  body = client.read(headers["content-length"].to_i)
  fine = genuine?(headers, body)
  if fine
    event = JSON.parse(body)
    puts "#{event["type"]} #{event["data"]["id"]}"
    $stdout.flush
  end
  client.write("HTTP/1.1 #{fine ? "204 No Content" : "401 Unauthorized"}\r\nConnection: close\r\n\r\n")
  client.close
end
