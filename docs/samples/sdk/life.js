// The life of a payment through a published SDK, unmodified, against a stack that runs.
//
//   node life.js @elasticpath/js-sdk http://127.0.0.1:3000 http://127.0.0.1:3001/_simulator
'use strict'

const assert = require('assert')

const [name, api, simulator] = process.argv.slice(2)
const sdk = require(name)
// Up to 4.4.0 the SDK calls https whatever `protocol` says: such a stack needs an address with TLS.
const { host, protocol } = new URL(api)
// Letters, too: a long number could be taken for a card's.
const run = `sdk-${Date.now().toString(36)}`
// What this generation cannot do; found out by looking or trying, never by its version.
const lacks = []
const stored = '1|16178397535388255208'
const card = {
  gateway: 'card_connect', first_name: 'John', last_name: 'Smith', number: '4242424242424242',
  month: '10', year: '2031', verification_value: '123',
}

const storage = () => (sdk.MemoryStorageFactory ? new sdk.MemoryStorageFactory() : memory())

// Generations without it take any storage with these three.
function memory() {
  const kept = new Map()
  return {
    set: (key, value) => kept.set(key, value),
    get: key => (kept.has(key) ? kept.get(key) : null),
    delete: key => kept.delete(key),
  }
}

const client = options =>
  sdk.gateway({
    client_id: '170200123', host, protocol: protocol.slice(0, -1), storage: storage(), ...options,
  })
const shop = client({ client_secret: '467512342123' })

// An order is registered through the SDK, too: `Orders.Update` sends what it is given.
async function register(id, amount) {
  const { data } = await shop.Orders.Update(id, { amount, currency: 'USD' })
  assert.strictEqual(data.payment, 'unpaid')
}

// One transaction: by its order, or, as the earliest generations read it, by its id alone.
async function readOne(client, order, transaction) {
  const own = Object.getPrototypeOf(client.Transactions)
  const isByOrder = Object.prototype.hasOwnProperty.call(own, 'Get')
  const { data } = await client.Transactions.Get(isByOrder ? { order, transaction } : transaction)
  return data
}

// Whether this generation has a call. One that it lacks is reported at the end.
function has(resource, call) {
  const there = Boolean(shop[resource] && shop[resource][call])
  if (!there) lacks.push(`${resource}.${call}`)
  return there
}

// The first error of what a promise was rejected with: the body. Some generations reject with its
// text.
function firstError(reason) {
  const body = typeof reason === 'string' ? JSON.parse(reason) : reason
  // Anything else is no response.
  if (!body.errors) throw reason
  return body.errors[0]
}

async function refused(promise, code) {
  const first = await promise.then(() => assert.fail(`${code} was not refused`), firstError)
  assert.strictEqual(first.meta.code, code, JSON.stringify(first))
  assert.ok(first.title && /^\S+ \S+/.test(first.detail), JSON.stringify(first))
  return first
}

async function main() {
  // Hold, take a part of it, give back a part of that.
  const order = `${run}-1`
  await register(order, 123456)
  const { data: held } = await shop.Orders.Payment(order, {
    gateway: 'card_connect', method: 'authorize', payment: stored, amount: 123400,
  })
  assert.strictEqual(held.status, 'complete')
  assert.strictEqual(held.transaction_type, 'authorize')
  assert.strictEqual(held.livemode, false)
  assert.strictEqual(held.meta.display_price.formatted, '$1,234.00')
  const named = { order, transaction: held.id }
  const { data: captured } = await shop.Transactions.Capture(named)
  assert.strictEqual(captured.transaction_type, 'capture')
  await fetch(`${simulator}/settle`, { method: 'POST', body: '{}' })
  const { data: refunded } = await shop.Transactions.Refund(named, { amount: 500 })
  // Some generations drop the amount and send no body, which refunds all of it.
  const inPart = /\bbody\b/.test(shop.Transactions.Refund)
  if (!inPart) lacks.push('partial refunds')
  assert.strictEqual(refunded.refunded_amount, inPart ? 500 : 123400)

  // A card, through its own members, and an idempotency key. Some generations make invalid JSON of
  // a payment with options.
  const second = `${run}-2`
  await register(second, 2599)
  const pay = { ...card, method: 'purchase' }
  const keyed = { ...pay, options: { idempotency_key: `${run}-k` } }
  const first = await shop.Orders.Payment(second, keyed).catch(reason => {
    assert.strictEqual(firstError(reason).meta.code, 'invalid_json')
    lacks.push('options of a payment')
    return shop.Orders.Payment(second, pay)
  })
  const paid = first.data
  if (!lacks.includes('options of a payment')) {
    const { data: again } = await shop.Orders.Payment(second, keyed)
    assert.strictEqual(again.id, paid.id)
  }
  const { data: read } = await shop.Orders.Get(second)
  assert.strictEqual(read.payment, 'paid')
  const { data: list } = await shop.Transactions.All({ order: second })
  assert.deepStrictEqual(list.map(one => one.id), [paid.id])
  const one = await readOne(shop, second, paid.id)
  assert.strictEqual(one.id, paid.id)
  if (has('Orders', 'Transactions')) {
    const { data: same } = await shop.Orders.Transactions(second)
    assert.deepStrictEqual(same, list)
  }

  // Voids and inquiries.
  const third = `${run}-3`
  await register(third, 2599)
  const { data: voidable } = await shop.Orders.Payment(third, {
    gateway: 'card_connect', method: 'authorize', payment: stored,
  })
  if (has('Transactions', 'Cancel')) {
    const cancel = { order: third, transaction: voidable.id }
    const { data: voided } = await shop.Transactions.Cancel(cancel, { reason: 'duplicate' })
    assert.strictEqual(voided.status, 'cancelled')
  }
  if (has('Orders', 'Confirm')) {
    const { data: confirmed } = await shop.Orders.Confirm(third, voidable.id, {})
    assert.strictEqual(confirmed.id, voidable.id)
  }

  // Declines and errors.
  const fourth = `${run}-4`
  await register(fourth, 2599)
  const declined = await refused(
    shop.Orders.Payment(fourth, { ...card, method: 'purchase', number: '4387751111111053' }),
    'declined',
  )
  assert.strictEqual(declined.meta.decline_code, 'insufficient_funds')
  const { data: failed } = await shop.Transactions.All({ order: fourth })
  assert.strictEqual(failed[0].status, 'failed')
  const pays = (id, members) => shop.Orders.Payment(id, { ...card, method: 'purchase', ...members })
  await refused(pays(fourth, { amonut: 1 }), 'unknown_member')
  await refused(pays(fourth, { gateway: 'stripe' }), 'unsupported_gateway')
  await refused(pays(second), 'already_paid')
  await refused(shop.Orders.Update(fourth, { status: 'cancelled' }), 'unsupported_order_status')
  await refused(shop.Orders.Get(`${run}-none`), 'order_not_found')
  await lists(second)
  await refused(client({ client_secret: 'wrong-wrong-wrong' }).Orders.Get(order), 'invalid_client')

  // A shopper's browser pays what is owing and reads its own payment.
  const fifth = `${run}-5`
  await register(fifth, 2599)
  const browser = client({})
  const { data: bought } = await browser.Orders.Payment(fifth, { ...card, method: 'purchase' })
  assert.ok(bought.client_parameters.secret)
  const own = await readOne(browser, fifth, bought.id)
  assert.strictEqual(own.meta.operations, undefined)
  const refund = { order: fifth, transaction: bought.id }
  await refused(browser.Transactions.Refund(refund, { amount: 1 }), 'forbidden')
  await refused(browser.Orders.Get(fifth), 'forbidden')
  const without = lacks.length > 0 ? `; lacks ${[...new Set(lacks)].join(', ')}` : ''
  console.log(`${name}: the life of a payment, declines and errors${without}`)
}

// The merchant's orders and its gateway; a resource that is not served says so.
async function lists(paid) {
  const { data: all } = await shop.Orders.All()
  assert.ok(all.some(order => order.id === paid))
  const { data: some } = await shop.Orders.Filter({ eq: { payment: 'paid' } }).All()
  assert.ok(some.some(order => order.id === paid))
  assert.ok(some.every(order => order.payment === 'paid'))
  const { data: gateways } = await shop.Gateways.All()
  assert.deepStrictEqual(gateways.map(gateway => gateway.slug), ['card_connect'])
  const { data: gateway } = await shop.Gateways.Get('card_connect')
  assert.deepStrictEqual(gateway, gateways[0])
  await refused(shop.Customers.All(), 'not_found')
}

main().catch(error => {
  console.error(name, error)
  process.exit(1)
})
