// A storefront: catalog, cart and checkout are the store's, and only the payment is Tollgate's.
import { element, end, open, show } from "/form.js";
import { pay } from "/payment.js";

// A real storefront has forms for these.
const ADDRESS = {
  first_name: "Mary",
  last_name: "Major",
  line_1: "1 Main Street",
  county: "",
  city: "Anytown",
  region: "NY",
  postcode: "55555",
  country: "US",
};
const CUSTOMER = { name: "Mary Major", email: "mary@example.com" };

let settings; // where things are
let shopper; // the shopper's access token at the store

async function json(response) {
  if (!response.ok) {
    throw new Error(`${response.url}: ${response.status}`);
  }
  return response.json();
}

async function store(path, data) {
  if (!shopper) {
    const grant = { grant_type: "implicit", client_id: settings.STORE_CLIENT };
    const body = new URLSearchParams(grant);
    const granted = await fetch(`${settings.STORE}/oauth/access_token`, { method: "POST", body });
    shopper = (await json(granted)).access_token;
  }
  const headers = { Authorization: `Bearer ${shopper}`, "Content-Type": "application/json" };
  const sent = data && { method: "POST", body: JSON.stringify({ data }) };
  return (await json(await fetch(settings.STORE + path, { headers, ...sent }))).data;
}

/** What a click does, once at a time. The button keeps the focus meanwhile. */
function onClick(id, act) {
  let isBusy = false;
  element(id).addEventListener("click", async () => {
    if (!isBusy) {
      isBusy = true;
      show("");
      await act().catch(() => show("The store cannot be reached. Please try again."));
      isBusy = false;
    }
  });
}

async function showCatalog() {
  const [product] = await store("/catalog/products");
  const { name } = product.attributes;
  element("product").textContent = name;
  element("catalog").hidden = false;
  let cart;
  onClick("add", async () => {
    cart ??= (await store("/v2/carts", { name: "Cart" })).id;
    const item = { type: "cart_item", id: product.id, quantity: 1 };
    const items = await store(`/v2/carts/${cart}/items`, item);
    const pieces = items.reduce((sum, { quantity }) => sum + quantity, 0);
    element("cart").textContent = `In your cart: ${pieces} × ${name}`;
    element("checkout").disabled = false;
  });
  onClick("checkout", async () => {
    const content = { customer: CUSTOMER, billing_address: ADDRESS, shipping_address: ADDRESS };
    const { id, meta } = await store(`/v2/carts/${cart}/checkout`, content);
    await showOrder({ id, price: meta.display_price.with_tax.formatted });
    element("summary").focus();
  });
}

/** An order and its payment outlive a reload of the page, so a cart is never paid twice. */
async function showOrder({ payment, ...order }) {
  const remember = (payment) => (sessionStorage.order = JSON.stringify({ ...order, payment }));
  remember(payment);
  element("catalog").hidden = true;
  element("order").hidden = false;
  element("price").textContent = order.price;
  const payAndRemember = async (attempt) => {
    const response = await pay(settings.METHOD, attempt);
    const { data } = await response.clone().json();
    // A decline has no data, and another card may pay.
    if (data) {
      remember({ id: data.id, client_parameters: data.client_parameters });
    }
    return response;
  };
  await open({ ...settings, ...order }, payAndRemember, payment);
}

async function start() {
  settings = await json(await fetch("/settings"));
  element("new").addEventListener("click", () => sessionStorage.removeItem("order"));
  await (sessionStorage.order ? showOrder(JSON.parse(sessionStorage.order)) : showCatalog());
}

start().catch(() => end("The store cannot be reached. Please load this page again."));
