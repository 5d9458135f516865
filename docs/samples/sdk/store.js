// Orders of an Elastic Path store through a published client, unmodified: placed, read and
// fulfilled at the store, paid and refunded at Tollgate. For a stack with `--elastic-path`.
//
//   node store.js @elasticpath/js-sdk http://127.0.0.1:3000 http://127.0.0.1:3007
'use strict'

const assert = require('assert')

const [name, api, store] = process.argv.slice(2)
const sdk = require(name)
// Letters, too: a long number could be taken for a card's.
const run = `store-${Date.now().toString(36)}`
// What this client cannot do; found out by looking or trying, never by its version.
const lacks = new Set()
const stored = { gateway: 'card_connect', payment: '1|16178397535388255208' }
const card = {
  gateway: 'card_connect', first_name: 'John', last_name: 'Smith', number: '4242424242424242',
  month: '10', year: '2031', verification_value: '123',
}
const address = {
  first_name: 'John', last_name: 'Smith', line_1: '1 Main St', region: 'MA', postcode: '02110',
  country: 'US',
}
const payer = { name: 'John Smith', email: 'john@example.com' }
const quantity = 3

// The keys: without its secret, a client has an implicit token, as in a shopper's browser.
const atStore = { client_id: 'elastic-path-client', client_secret: 'elastic-path-secret' }
const atTollgate = { client_id: '170200127', client_secret: '467512342127' }
const inBrowser = ({ client_id }) => ({ client_id })

// A client of one address as the calls below: of `@elasticpath/js-sdk`, and its earlier name.
function classic(url, keys) {
  const { host, protocol } = new URL(url)
  const kept = new Map()
  const storage = {
    set: (key, value) => kept.set(key, value),
    get: key => (kept.has(key) ? kept.get(key) : null),
    delete: key => kept.delete(key),
  }
  const shop = sdk.gateway({ host, protocol: protocol.slice(0, -1), storage, ...keys })
  const list = () => shop.Orders.Filter({ eq: { payment: 'paid' } }).Limit(100).Sort('-updated_at')
  const all = {
    // A cart begins with its first product, under an id that the client makes up.
    add: (cart, product) => shop.Cart(cart).AddProduct(product, quantity),
    checkout: cart => shop.Cart(cart).Checkout(payer, address),
    pay: (order, data) => shop.Orders.Payment(order, data),
    read: order => shop.Orders.With('items').Get(order),
    paid: () => list().All(),
    update: (order, data) => shop.Orders.Update(order, data),
    transactions: order => shop.Transactions.All({ order }),
    capture: (order, transaction) => shop.Transactions.Capture({ order, transaction }),
    refund: (order, transaction) => shop.Transactions.Refund({ order, transaction }),
  }
  if (shop.Transactions.Cancel) {
    all.cancel = (order, transaction) => shop.Transactions.Cancel({ order, transaction })
  }
  return all
}

// The same of `@epcc-sdk/sdks-shopper`.
function generated(url, keys) {
  const grant_type = keys.client_secret ? 'client_credentials' : 'implicit'
  const baseUrl = url
  // Only the implicit token has a provider of the package's own.
  const tokenProvider = async () => {
    const bare = sdk.createClient({ baseUrl })
    return body(await sdk.createAnAccessToken({ client: bare, body: { grant_type, ...keys } }))
  }
  const provider = keys.client_secret ? { tokenProvider } : {}
  const { client } = sdk.createShopperClient({ baseUrl }, { clientId: keys.client_id, ...provider })
  // The body of an answer; a refused request ends as with the other client, with the body thrown.
  function body({ data, error, response }) {
    if (error === undefined) return data
    if (error.errors) assert.strictEqual(Number(error.errors[0].status), response.status)
    throw error
  }
  const call = async (operation, options) => body(await operation({ client, ...options }))
  const one = orderID => ({ path: { orderID } })
  const row = (orderID, transactionID) => ({ path: { orderID, transactionID } })
  return {
    async add(cart, product) {
      const { data } = await call(sdk.createACart, { body: { data: { name: cart } } })
      const path = { cartID: data.id }
      const item = { data: { type: 'cart_item', id: product, quantity } }
      await call(sdk.manageCarts, { path, body: item })
      this.cart = path
    },
    checkout(_cart) {
      const data = { customer: payer, billing_address: address, shipping_address: address }
      return call(sdk.checkoutApi, { path: this.cart, body: { data } })
    },
    pay: (order, data) => call(sdk.paymentSetup, { ...one(order), body: { data } }),
    read: order => call(sdk.getAnOrder, { ...one(order), query: { include: ['items'] } }),
    paid: () => call(sdk.getCustomerOrders, {
      query: { filter: 'eq(payment,paid)', sort: '-updated_at', 'page[limit]': 100 },
    }),
    update: (order, data) =>
      call(sdk.updateAnOrder, { ...one(order), body: { data: { ...data, type: 'order' } } }),
    transactions: order => call(sdk.getOrderTransactions, one(order)),
    capture: (order, transaction) => call(sdk.captureATransaction, row(order, transaction)),
    refund: (order, transaction) => call(sdk.refundATransaction, row(order, transaction)),
    cancel: (order, transaction) => call(sdk.cancelATransaction, row(order, transaction)),
  }
}

const client = sdk.createShopperClient ? generated : classic
const shopper = client(store, inBrowser(atStore))
const shop = client(store, atStore)
const tollgate = client(api, atTollgate)

// A request that no client makes: about the stack's clock and schedules, the store's stock, or the
// gateway.
async function control(url, body, headers = {}) {
  const json = { 'Content-Type': 'application/json', ...headers }
  const post = body && { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(url, { headers: json, ...post })
  const text = await response.text()
  assert.ok(response.ok, `${url}: ${response.status} ${text}`)
  return text && JSON.parse(text)
}

// The first error of what a promise was rejected with.
async function refused(promise, status) {
  const done = () => assert.fail(`${status} was not returned`)
  const reason = await promise.then(done, reason => reason)
  const answer = typeof reason === 'string' ? JSON.parse(reason) : reason
  // Anything else is no response.
  if (!answer.errors) throw reason
  const [first] = answer.errors
  assert.strictEqual(Number(first.status), status, JSON.stringify(first))
  return first
}

// An order of three pieces, placed by a shopper.
async function place() {
  const cart = `${run}-${(place.carts = (place.carts || 0) + 1)}`
  await shopper.add(cart, 'example')
  const { data: order } = await shopper.checkout(cart)
  const { with_tax } = order.meta.display_price
  assert.ok(with_tax.formatted)
  await shows(order.id, 'unpaid', 'incomplete')
  return { id: order.id, total: with_tax.amount }
}

// The order as the store shows it now, which must be this.
async function shows(id, payment, status, shipping = 'unfulfilled') {
  const { data, included } = await shop.read(id)
  assert.strictEqual(data.id, id)
  assert.deepStrictEqual(
    { payment: data.payment, status: data.status, shipping: data.shipping },
    { payment, status, shipping },
  )
  const items = included.items.map(item => [item.sku, item.quantity])
  assert.deepStrictEqual(items, [['example', quantity]])
  return data.meta.display_price
}

// The record of a scheduled capture, which no request makes: until the store shows it.
async function recorded(id, payment) {
  for (let tries = 0; tries < 50; tries++) {
    if ((await shop.read(id)).data.payment === payment) return
    await control(`${api}/_local/invoke/reconcile`, {})
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.fail(`the store does not show order ${id} as ${payment}`)
}

// The store's only transaction of an order: Tollgate's, by its id.
async function recordOf(id, { id: transaction, amount }) {
  const { data } = await shop.transactions(id)
  const rows = data.map(row => [row.gateway, row.custom_reference, row.amount])
  assert.deepStrictEqual(rows, [['manual', transaction, amount]])
  return data[0]
}

// Goods are sent only for a paid order.
async function fulfill(id) {
  await shop.update(id, { shipping: 'fulfilled' })
  await shows(id, 'paid', 'complete', 'fulfilled')
}

async function purchaseAndRefund(settle) {
  const { id, total } = await place()
  await refused(shop.update(id, { shipping: 'fulfilled' }), 422)
  const { data: paid } = await tollgate.pay(id, { ...stored, method: 'purchase' })
  assert.strictEqual(paid.status, 'complete')
  assert.strictEqual(paid.amount, total)
  const prices = await shows(id, 'paid', 'complete')
  assert.strictEqual(prices.paid.amount, total)
  assert.strictEqual(prices.balance_owing.amount, 0)
  assert.strictEqual((await recordOf(id, paid)).transaction_type, 'purchase')
  const { data: found } = await shop.paid()
  assert.ok(found.some(order => order.id === id))
  await fulfill(id)
  const again = await refused(tollgate.pay(id, { ...stored, method: 'purchase' }), 422)
  assert.strictEqual(again.meta.code, 'already_paid')
  await settle()
  const { data: refunded } = await tollgate.refund(id, paid.id)
  assert.strictEqual(refunded.refunded_amount, total)
  // A void follows instead before settlement.
  assert.strictEqual(refunded.meta.operations.pop().type, 'refund')
  await shows(id, 'refunded', 'complete', 'fulfilled')
  assert.strictEqual((await recordOf(id, paid)).refunded_amount, total)
}

async function voidBeforeSettlement() {
  if (!tollgate.cancel) return lacks.add('cancel of a transaction')
  const { id, total } = await place()
  const { data: paid } = await tollgate.pay(id, { ...stored, method: 'purchase' })
  await shows(id, 'paid', 'complete')
  const { data: voided } = await tollgate.cancel(id, paid.id)
  assert.strictEqual(voided.status, 'cancelled')
  await shows(id, 'refunded', 'complete')
  assert.strictEqual((await recordOf(id, paid)).refunded_amount, total)
}

async function captureByHand() {
  const { id } = await place()
  const { data: held } = await tollgate.pay(id, { ...stored, method: 'authorize' })
  await shows(id, 'authorized', 'processing')
  const { data: captured } = await tollgate.capture(id, held.id)
  assert.strictEqual(captured.transaction_type, 'capture')
  await shows(id, 'paid', 'complete')
  await fulfill(id)
}

async function captureOnSchedule() {
  const { id, total } = await place()
  const { now } = await control(`${api}/_local`)
  const capture_at = new Date(Date.parse(now) + 1800 * 1000).toISOString()
  const { data: held } = await tollgate.pay(id, { ...stored, method: 'authorize', capture_at })
  assert.strictEqual(held.transaction_type, 'authorize')
  const prices = await shows(id, 'authorized', 'processing')
  assert.strictEqual(prices.authorized.amount, total)
  // Nothing is due before its time, and the goods stay.
  await control(`${api}/_local/invoke/scheduled-capture`, { order_id: id })
  await shows(id, 'authorized', 'processing')
  await refused(shop.update(id, { shipping: 'fulfilled' }), 422)
  await control(`${api}/_local/clock`, { advance_s: 1801 })
  const report = await control(`${api}/_local/invoke/scheduled-capture`, { order_id: id })
  assert.strictEqual(report.captured, 1, JSON.stringify(report))
  await recorded(id, 'paid')
  await shows(id, 'paid', 'complete')
  assert.strictEqual((await recordOf(id, held)).transaction_type, 'capture')
  await fulfill(id)
}

// A shopper's browser pays all that is owing, and neither reads nor changes the order at the store.
async function payInBrowser() {
  const { id, total } = await place()
  await refused(shopper.read(id), 403)
  await refused(shopper.update(id, { status: 'cancelled' }), 403)
  const browser = client(api, inBrowser(atTollgate))
  const { data: paid } = await browser.pay(id, { ...card, method: 'purchase' })
  assert.strictEqual(paid.amount, total)
  const forbidden = await refused(browser.refund(id, paid.id), 403)
  assert.strictEqual(forbidden.meta.code, 'forbidden')
  await shows(id, 'paid', 'complete')
  await recordOf(id, paid)
}

// Nothing is left in stock: the store refuses the payment, and the card is released.
async function outOfStock(gateway) {
  const { id } = await place()
  await control(`${store}/_elastic_path/orders/${id}/stock`, { insufficient: true })
  const declined = await refused(tollgate.pay(id, { ...stored, method: 'purchase' }), 400)
  assert.strictEqual(declined.meta.code, 'declined')
  assert.strictEqual(declined.meta.decline_code, 'order_refused')
  await shows(id, 'unpaid', 'incomplete')
  assert.deepStrictEqual((await shop.transactions(id)).data, [])
  const { data } = await tollgate.transactions(id)
  assert.strictEqual(data.length, 1)
  const [{ status, reference, failure_details, meta }] = data
  assert.strictEqual(status, 'failed')
  assert.strictEqual(failure_details.code, 'order_refused')
  const { merchid } = meta.operations[0]
  const Authorization = `Basic ${Buffer.from('testing:testing123').toString('base64')}`
  const inquiry = `${gateway}/inquire/${reference}/${merchid}`
  const seen = await control(inquiry, undefined, { Authorization })
  assert.strictEqual(seen.setlstat, 'Voided', JSON.stringify(seen))
  // The same order can be paid once there is stock again.
  await control(`${store}/_elastic_path/orders/${id}/stock`, { insufficient: false })
  await tollgate.pay(id, { ...stored, method: 'purchase' })
  await shows(id, 'paid', 'complete')
}

async function main() {
  const { cardpointe, cardpointe_control } = await control(`${api}/_local`)
  await purchaseAndRefund(() => control(`${cardpointe_control}/settle`, {}))
  await voidBeforeSettlement()
  await captureByHand()
  await payInBrowser()
  await outOfStock(cardpointe)
  await captureOnSchedule()
  const without = lacks.size > 0 ? `; lacks ${[...lacks].join(', ')}` : ''
  console.log(`${name}: paid, captured, fulfilled, refunded, out of stock at the store${without}`)
}

main().catch(error => {
  console.error(name, error)
  process.exit(1)
})
