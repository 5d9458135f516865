// Live responses as TypeScript: prints a program that compiles only if they fit the package's
// types.
//
//   node types.js @elasticpath/js-sdk http://127.0.0.1:3000 >live.ts
//   tsc --strict --noEmit live.ts
'use strict'

const fs = require('fs')
const path = require('path')

const [name, api] = process.argv.slice(2)
const order = require('crypto').randomUUID()

async function call(method, path, body, token) {
  const json = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const headers = token ? json : {}
  const response = await fetch(`${api}${path}`, { method, headers, body })
  return response.json()
}

// Bodies of each kind.
async function live() {
  const form = new URLSearchParams({
    grant_type: 'client_credentials', client_id: '170200123', client_secret: '467512342123',
  })
  const { access_token: token } = await call('POST', '/oauth/access_token', form)
  const data = value => JSON.stringify({ data: value })
  const path = `/v2/orders/${order}`
  const registered = await call('PUT', path, data({ amount: 2599, currency: 'USD' }), token)
  const pay = (number, route) =>
    call('POST', `${path}/payments/${route}`, data({
      gateway: 'card_connect', first_name: 'John', last_name: 'Smith', number,
      month: '10', year: '2031', verification_value: '123',
    }), token)
  const declined = await pay('4387751111111053', 'purchase')
  const paid = await pay('4242424242424242', 'authorize')
  const read = await call('GET', path, undefined, token)
  const list = await call('GET', `${path}/transactions`, undefined, token)
  const failed = { data: list.data.find(one => one.status === 'failed') }
  const unknown = await call('GET', '/v2/orders/none', undefined, token)
  return {
    order: [registered, read], transaction: [paid, failed], list: [list], error: [declined, unknown],
  }
}

// The text of the package's declarations.
function declarations() {
  const manifest = require.resolve(`${name}/package.json`)
  const root = path.join(path.dirname(manifest), path.dirname(require(manifest).types))
  const files = fs.readdirSync(root, { recursive: true }).filter(file => file.endsWith('.d.ts'))
  return files.map(file => fs.readFileSync(path.join(root, file), 'utf8')).join('\n')
}

// The package's types of those bodies: made from Elastic Path's schemas, or written by hand.
function types() {
  const text = declarations()
  const has = word => new RegExp(`(interface|type) ${word}\\b`).test(text)
  if (has('OrderEntityResponse')) {
    return {
      order: ['OrderEntityResponse'], transaction: ['TransactionEntityResponse'],
      list: ['TransactionListResponse'], error: ['ResponseErrorResponse'],
    }
  }
  const responses = has('TransactionsResponse') ? ['TransactionsResponse'] : []
  return {
    order: ['Order'], transaction: ['Transaction', ...responses], list: ['Transaction'], error: [],
  }
}

async function main() {
  const [bodies, expected] = [await live(), types()]
  console.log(`import type * as sdk from '${name}'

// A body with its words as they are, and with more members than the type knows.
type Live<T> = T extends object ? { -readonly [K in keyof T]: Live<T[K]> } : T

// Types by hand, without what they say and Elastic Path's schemas do not: that every customer has
// an address for e-mail, that an order's addresses are entries of an address book, that it is
// related to pictures, or to items without "data", and that a transaction has its times outside of
// meta.
type AddressBook = { shipping_address: { type: string } }
type Pictures = { relationships?: { main_image?: unknown } } | { relationships?: { items?: unknown[] } }
type Wrong<T> = 'customer' | 'timestamps'
  | (T extends AddressBook ? 'shipping_address' | 'billing_address' : never)
  | (T extends Pictures ? 'relationships' : never)
type Fits<T> = { data: Omit<T, Wrong<T>> | Omit<T, Wrong<T>>[] }
`)
  let n = 0
  for (const [kind, types] of Object.entries(expected)) {
    for (const [type, body] of types.flatMap(type => bodies[kind].map(body => [type, body]))) {
      n += 1
      const whole = /Response$/.test(type)
      console.log(`const body${n} = ${JSON.stringify(body, null, 1)} as const
const fits${n}: ${whole ? `sdk.${type}` : `Fits<sdk.${type}>`} = body${n} as Live<typeof body${n}>`)
    }
  }
}

main()
