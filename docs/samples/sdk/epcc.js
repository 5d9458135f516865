// The requests of the vendor's command line (elasticpath/epcc-cli), as its public source writes
// them, for orders of an Elastic Path store: payments go to Tollgate's address, and everything else
// to the store's. For a stack with `--elastic-path`.
//
//   node epcc.js http://127.0.0.1:3000 http://127.0.0.1:3007
'use strict'

const assert = require('assert')

const [api, store] = process.argv.slice(2)
// Letters, too: a long number could be taken for a card's.
const run = `epcc-${Date.now().toString(36)}`
const agent = 'epcc-cli/0.0.0-none'
const quantity = 2
const stored = { gateway: 'card_connect', payment: '1|16178397535388255208' }

// One request, and its body, whose status has to be this one.
async function request(method, url, headers, text, status) {
  const response = await fetch(url, { method, headers, body: text })
  const answer = await response.text()
  assert.strictEqual(response.status, status, `${method} ${url}: ${answer}`)
  return answer === '' ? undefined : JSON.parse(answer)
}

// The command line with one address and key: it reads both from its environment.
async function login(address, client_id, client_secret) {
  const form = new URLSearchParams({ client_id, client_secret, grant_type: 'client_credentials' })
  const headers = {
    Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded',
    'User-Agent': agent,
  }
  const url = `${address}/oauth/access_token`
  const token = await request('POST', url, headers, form.toString(), 200)
  // A token that ends within a minute would be replaced before each request.
  assert.ok(token.expires > Date.now() / 1000 + 60)
  assert.strictEqual(token.token_type, 'Bearer')
  // The content type is sent without a body, too.
  const own = {
    Authorization: `Bearer ${token.access_token}`, 'Content-Type': 'application/json',
    'User-Agent': `${agent} (linux/amd64)`,
  }
  return (method, path, data, status = 200) =>
    request(method, address + path, own, data && JSON.stringify({ data }), status)
}

// An answer that the command line can use: the next command finds its id by its type.
function remembered({ data }, type) {
  assert.strictEqual(data.type, type)
  assert.ok(data.id)
  return data
}

async function control(url, data) {
  const headers = { 'Content-Type': 'application/json' }
  return request('POST', url, headers, JSON.stringify(data), 200)
}

async function main() {
  const shop = await login(store, 'elastic-path-client', 'elastic-path-secret')
  const tollgate = await login(api, '170200127', '467512342127')
  const { cardpointe_control } = await (await fetch(`${api}/_local`)).json()

  // An order of two pieces. A cart of the same id that is left from before is deleted first.
  async function place(cart) {
    await shop('DELETE', `/v2/carts/${cart}`, undefined, 204)
    const made = await shop('POST', '/v2/carts', { id: cart, name: 'Cart', type: 'cart' }, 201)
    assert.strictEqual(remembered(made, 'cart').id, cart)
    const item = { id: 'example', quantity, type: 'cart_item' }
    await shop('POST', `/v2/carts/${cart}/items`, item, 201)
    const address = { first_name: 'John', last_name: 'Smith', line_1: '1 Main St', country: 'US' }
    const order = await shop('POST', `/v2/carts/${cart}/checkout`, {
      customer: { name: 'John Smith', email: 'john@example.com' },
      billing_address: address, shipping_address: address,
    }, 201)
    return remembered(order, 'order').id
  }

  const pay = (order, method, status) =>
    tollgate('POST', `/v2/orders/${order}/payments`, {
      ...stored, method, type: 'order_payment',
    }, status)

  const change = (order, transaction, what, members) =>
    tollgate('POST', `/v2/orders/${order}/transactions/${transaction}/${what}`, {
      ...members, type: 'transaction',
    })

  // The order as the store shows it, and the id and type of its only transaction there.
  async function shows(id, payment, status, type) {
    const order = remembered(await shop('GET', `/v2/orders/${id}`), 'order')
    assert.deepStrictEqual([order.payment, order.status], [payment, status])
    const { data } = await shop('GET', `/v2/orders/${id}/transactions`)
    const types = data.map(row => [row.type, row.transaction_type])
    assert.deepStrictEqual(types, [['transaction', type]])
    const path = `/v2/orders/${id}/transactions/${data[0].id}`
    const row = remembered(await shop('GET', path), 'transaction')
    assert.deepStrictEqual(row, data[0])
    return row
  }

  // Whether a list of the store's orders with this filter has an order.
  async function lists(id, filter) {
    const query = new URLSearchParams({ filter, 'page[limit]': 100, 'page[offset]': 0 })
    const { data } = await shop('GET', `/v2/orders?${query}`)
    assert.ok(data.every(order => order.type === 'order'))
    return data.some(order => order.id === id)
  }

  await shop('PUT', '/v2/gateways/manual', { enabled: true, type: 'gateway' })

  // The life of a payment under one id, which a list at Tollgate shows, too.
  const first = await place(`${run}-1`)
  assert.ok(await lists(first, 'eq(payment,unpaid)'))
  const held = remembered(await pay(first, 'authorize'), 'transaction')
  assert.strictEqual(held.transaction_type, 'authorize')
  const record = await shows(first, 'authorized', 'processing', 'authorize')
  assert.strictEqual(record.custom_reference, held.id)
  const listed = await tollgate('GET', `/v2/orders/${first}/transactions`)
  assert.deepStrictEqual(listed.data.map(row => [row.type, row.id]), [['transaction', held.id]])
  const captured = remembered(await change(first, held.id, 'capture'), 'transaction')
  assert.deepStrictEqual([captured.id, captured.transaction_type], [held.id, 'capture'])
  assert.strictEqual((await shows(first, 'paid', 'complete', 'capture')).id, record.id)
  assert.ok(await lists(first, 'eq(payment,paid):eq(shipping,unfulfilled)'))
  await shop('PUT', `/v2/orders/${first}`, { shipping: 'fulfilled', type: 'order' })
  assert.ok(await lists(first, 'eq(payment,paid):eq(shipping,fulfilled)'))
  await control(`${cardpointe_control}/settle`, {})
  // A part, as the vendor's own example, and then the rest.
  const part = remembered(await change(first, held.id, 'refund', { amount: 1000 }), 'transaction')
  assert.strictEqual(part.refunded_amount, 1000)
  assert.strictEqual((await shows(first, 'paid', 'complete', 'capture')).refunded_amount, 1000)
  const rest = remembered(await change(first, held.id, 'refund'), 'transaction')
  assert.strictEqual(rest.refunded_amount, held.amount)
  const end = await shows(first, 'refunded', 'complete', 'refund')
  assert.strictEqual(end.refunded_amount, held.amount)
  assert.ok(await lists(first, 'eq(payment,refunded)'))
  assert.ok(!(await lists(first, 'eq(payment,paid)')))

  // Cancellation at the store while the card is held: the next look releases it.
  const second = await place(`${run}-2`)
  const { id: hold } = remembered(await pay(second, 'authorize'), 'transaction')
  const put = (members, status) =>
    shop('PUT', `/v2/orders/${second}`, { ...members, type: 'order' }, status)
  assert.ok((await put({ shipping: 'fulfilled' }, 422)).errors[0].detail)
  const cancelled = remembered(await put({ status: 'cancelled' }), 'order')
  assert.deepStrictEqual([cancelled.status, cancelled.payment], ['cancelled', 'authorized'])
  assert.ok(await lists(second, 'eq(status,cancelled)'))
  await control(`${api}/_local/clock`, { advance_s: 301 })
  const path = `/v2/orders/${second}/transactions/${hold}`
  const state = async () => (await tollgate('GET', path)).data
  let released = await state()
  for (let tries = 0; released.status !== 'cancelled'; tries++) {
    assert.ok(tries < 50, JSON.stringify(released))
    await control(`${api}/_local/invoke/reconcile`, {})
    await new Promise(resolve => setTimeout(resolve, 100))
    released = await state()
  }
  assert.deepStrictEqual(released.next_actions, [])
  const refused = await pay(second, 'purchase', 422)
  assert.strictEqual(refused.errors[0].meta.code, 'order_cancelled')

  // An order that was imported under an id of the shop's own.
  const third = `${run}-imported`
  const display_price = { with_tax: { amount: 2599, currency: 'USD' } }
  const imported = { id: third, payment: 'unpaid', meta: { display_price }, type: 'order' }
  remembered(await shop('POST', '/v2/orders', imported, 201), 'order')
  assert.ok(await lists(third, 'eq(manual,true)'))
  remembered(await pay(third, 'purchase'), 'transaction')
  await shows(third, 'paid', 'complete', 'purchase')
  console.log('epcc: authorized, captured, fulfilled, refunded, canceled and imported at the store')
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
