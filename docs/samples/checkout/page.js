// The shop's page: the order of the cart, and its payment.
import { ALREADY_PAID, element, end, open, tollgate } from "./form.js";

function pay({ card, key }) {
  const data = { gateway: "card_connect", method: "purchase", ...card };
  return tollgate("/payments", { data }, { "Idempotency-Key": key });
}

async function start() {
  const response = await fetch("/order", { method: "POST" });
  const order = await response.json();
  element("price").textContent = order.price;
  if (order.isPaid) {
    end(ALREADY_PAID, true);
  } else {
    await open(order, pay);
  }
}

start().catch(() => end("The shop cannot be reached. Please load this page again."));
