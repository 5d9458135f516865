// A receiver in Node.js, with the library of Standard Webhooks: npm install standardwebhooks
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    // Verifies the raw body. Rejects unsigned messages, and those older than five minutes.
    const event = webhook.verify(Buffer.concat(parts).toString("utf8"), request.headers);
    console.log(event.type, event.data.id);
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
}).listen(process.env.PORT ?? 4242, "127.0.0.1");
