// The life of a payment through a published SDK, unmodified, against a stack that runs.
//
//   node life.js @elasticpath/js-sdk http://127.0.0.1:3000 http://127.0.0.1:3001/_simulator
'use strict'

const assert = require('assert')

const [name, api, simulator] = process.argv.slice(2)
const sdk = require(name)
const host = api.replace('http://', '')
// Letters, too: a long number could be taken for a card's.
const run = `sdk-${Date.now().toString(36)}`
// Before 2022 the SDK makes invalid JSON of a payment with options.
const takesOptions = Number(require(`${name}/package.json`).version.split('.')[0]) > 20
const stored = '1|16178397535388255208'
const card = {
  gateway: 'card_connect', first_name: 'John', last_name: 'Smith', number: '4242424242424242',
  month: '10', year: '2031', verification_value: '123',
}

const storage = () => (sdk.MemoryStorageFactory ? new sdk.MemoryStorageFactory() : memory())

// The oldest generation takes any storage with these three.
function memory() {
  const kept = new Map()
  return {
    set: (key, value) => kept.set(key, value),
    get: key => (kept.has(key) ? kept.get(key) : null),
    delete: key => kept.delete(key),
  }
}

const client = options =>
  sdk.gateway({ client_id: '170200123', host, protocol: 'http', storage: storage(), ...options })
const shop = client({ client_secret: '467512342123' })

// An order is registered through the SDK, too: `Orders.Update` sends what it is given.
async function register(id, amount) {
  const { data } = await shop.Orders.Update(id, { amount, currency: 'USD' })
  assert.strictEqual(data.payment, 'unpaid')
}

// What a promise was rejected with: the body. Older generations wrap it, or reject with its text.
async function refused(promise, code) {
  const error = await promise.then(
    () => assert.fail(`${code} was not refused`),
    reason => reason,
  )
  const body = typeof error === 'string' ? JSON.parse(error) : error
  const [first] = body.errors
  assert.strictEqual(first.meta.code, code, JSON.stringify(body))
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
  assert.strictEqual(refunded.refunded_amount, 500)

  // A card, through the seed's own members, and an idempotency key of its own.
  const second = `${run}-2`
  await register(second, 2599)
  const options = takesOptions ? { options: { idempotency_key: `${run}-k` } } : {}
  const pay = { ...card, method: 'purchase', ...options }
  const { data: paid } = await shop.Orders.Payment(second, pay)
  if (takesOptions) {
    const { data: again } = await shop.Orders.Payment(second, pay)
    assert.strictEqual(again.id, paid.id)
  }
  const { data: read } = await shop.Orders.Get(second)
  assert.strictEqual(read.payment, 'paid')
  const { data: list } = await shop.Transactions.All({ order: second })
  assert.deepStrictEqual(list.map(one => one.id), [paid.id])
  const { data: one } = await shop.Transactions.Get({ order: second, transaction: paid.id })
  assert.strictEqual(one.id, paid.id)

  // Voids, where the generation has them.
  const third = `${run}-3`
  await register(third, 2599)
  const { data: voidable } = await shop.Orders.Payment(third, {
    gateway: 'card_connect', method: 'authorize', payment: stored,
  })
  if (shop.Transactions.Cancel) {
    const cancel = { order: third, transaction: voidable.id }
    const { data: voided } = await shop.Transactions.Cancel(cancel, { reason: 'duplicate' })
    assert.strictEqual(voided.status, 'cancelled')
  }
  if (shop.Orders.Confirm) {
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
  // What is not served says so.
  await refused(shop.Orders.All(), 'not_found')
  await refused(shop.Gateways.All(), 'not_found')
  await refused(shop.Customers.All(), 'not_found')
  await refused(client({ client_secret: 'wrong-wrong-wrong' }).Orders.Get(order), 'invalid_client')

  // A shopper's browser pays what is owing and reads its own payment.
  const fifth = `${run}-5`
  await register(fifth, 2599)
  const browser = client({})
  const { data: bought } = await browser.Orders.Payment(fifth, { ...card, method: 'purchase' })
  assert.ok(bought.client_parameters.secret)
  const { data: own } = await browser.Transactions.Get({ order: fifth, transaction: bought.id })
  assert.strictEqual(own.meta.operations, undefined)
  const refund = { order: fifth, transaction: bought.id }
  await refused(browser.Transactions.Refund(refund, { amount: 1 }), 'forbidden')
  await refused(browser.Orders.Get(fifth), 'forbidden')
  console.log(`${name}: the life of a payment, declines and errors`)
}

main().catch(error => {
  console.error(name, error)
  process.exit(1)
})
