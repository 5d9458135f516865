// The requests of clients in other languages, as their public sources write them: the vendor's PHP
// SDK (moltin/php-sdk 2), its Go client (moltin/gomo), its command line (elasticpath/epcc-cli), and
// OAuth clients that send their credentials as HTTP Basic. Each has a life of a payment in its own
// form, against a stack that runs.
//
//   node requests.js http://127.0.0.1:3000 http://127.0.0.1:3001/_simulator
'use strict'

const assert = require('assert')

const [api, simulator] = process.argv.slice(2)
const id = '170200123'
const secret = '467512342123'
const run = `req-${Date.now().toString(36)}`
const stored = '1|16178397535388255208'

// One request; the response's body, whose status has to be this one.
async function send(method, path, headers, body, status = 200) {
  const response = await fetch(api + path, { method, headers, body })
  const text = await response.text()
  assert.strictEqual(response.status, status, `${method} ${path}: ${text}`)
  return JSON.parse(text)
}

const form = members => new URLSearchParams(members).toString()
const credentials = { grant_type: 'client_credentials', client_id: id, client_secret: secret }

async function token(headers, members) {
  const type = { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }
  const { access_token, expires } = await send('POST', '/oauth/access_token', type, form(members))
  assert.ok(expires > Date.now() / 1000)
  return access_token
}

const page = (limit, offset) => ({ 'page[limit]': limit, 'page[offset]': offset })

// What each client does, in its own way of writing it: `headers` of every request, `body` around
// its data.
const clients = {
  // Guzzle: the token alone, a currency on every request, and a content type also without a body.
  php: async () => ({
    headers: {
      'X-MOLTIN-CURRENCY': 'USD', 'Content-Type': 'application/json', Accept: 'application/json',
      'User-Agent': 'moltin-php-sdk/2', 'X-MOLTIN-SDK-LANGUAGE': 'php', 'X-MOLTIN-SDK-VERSION': 'v2-dev',
      Authorization: await token({ 'X-MOLTIN-CURRENCY': 'USD', 'User-Agent': 'moltin-php-sdk/2' }, credentials),
    },
    body: data => JSON.stringify({ data }),
    // An offset of 0 is none.
    page: (limit, offset) => (offset ? page(limit, offset) : { 'page[limit]': limit }),
  }),
  // A colon behind the scheme, a line's end behind the body, and no content type without one.
  gomo: async () => ({
    headers: { Authorization: `Bearer: ${await token({}, credentials)}`, 'User-Agent': 'gomo' },
    body: data => `${JSON.stringify({ data })}\n`,
    page,
  }),
  // A type of its own beside the members.
  epcc: async () => ({
    headers: {
      Authorization: `Bearer ${await token({ Accept: 'application/json' }, credentials)}`,
      'Content-Type': 'application/json', 'User-Agent': 'epcc-cli/0.0.0-none (linux/amd64)',
    },
    body: (data, type) => JSON.stringify({ data: { ...data, type } }),
    page,
  }),
  // golang.org/x/oauth2, Spring Security and Postman by default: RFC 6749 §2.3.1.
  basic: async () => {
    const pair = [id, secret].map(encodeURIComponent).join(':')
    const basic = { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
    return {
      headers: { Authorization: `Bearer ${await token(basic, { grant_type: 'client_credentials' })}` },
      body: data => JSON.stringify({ data }),
      page,
    }
  },
}

async function life(name, { headers, body, page }) {
  const order = `${run}-${name}`
  const typed = { 'Content-Type': 'application/json', ...headers }
  const put = body({ amount: 2599, currency: 'USD' }, 'order')
  const { data: registered } = await send('PUT', `/v2/orders/${order}`, typed, put, 201)
  assert.deepStrictEqual(registered.links, {})
  const pay = body({ gateway: 'card_connect', method: 'authorize', payment: stored }, 'order_payment')
  const { data: held } = await send('POST', `/v2/orders/${order}/payments`, typed, pay)
  assert.strictEqual(held.status, 'complete')
  for (const member of ['id', 'reference', 'gateway', 'currency', 'transaction_type']) {
    assert.strictEqual(typeof held[member], 'string', member)
  }
  const own = `/v2/orders/${order}/transactions`
  const none = body({}, 'transaction')
  const { data: captured } = await send('POST', `${own}/${held.id}/capture`, typed, none)
  assert.strictEqual(captured.transaction_type, 'capture')
  await fetch(`${simulator}/settle`, { method: 'POST', body: '{}' })
  const refund = body({ amount: 500 }, 'transaction')
  const { data: refunded } = await send('POST', `${own}/${held.id}/refund`, typed, refund)
  assert.strictEqual(refunded.refunded_amount, 500)
  const { data: read } = await send('GET', `/v2/orders/${order}`, headers)
  assert.strictEqual(read.payment, 'paid')
  assert.strictEqual((await send('GET', own, headers)).data.length, 1)
  await send('GET', '/v2/gateways', headers)
  return pages(headers, page)
}

// Every order once, page by page, until a page is empty.
async function pages(headers, page) {
  const all = []
  for (let offset = 0; ; offset += 2) {
    const { data } = await send('GET', `/v2/orders?${form(page(2, offset))}`, headers)
    if (data.length === 0) break
    all.push(...data.map(order => order.id))
  }
  assert.strictEqual(new Set(all).size, all.length)
  const { data: first } = await send('GET', '/v2/orders?page%5Blimit%5D=100', headers)
  assert.deepStrictEqual(all, first.map(order => order.id))
  return all.length
}

async function main() {
  for (const [name, client] of Object.entries(clients)) {
    const orders = await life(name, await client())
    console.log(`${name}: the life of a payment, ${orders} orders by offset`)
  }
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
