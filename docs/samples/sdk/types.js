// Live responses as TypeScript: prints a program that compiles only if they fit the SDK's types.
//
//   node types.js @elasticpath/js-sdk http://127.0.0.1:3000 >live.ts
//   tsc --strict --noEmit live.ts
'use strict'

const [name, api] = process.argv.slice(2)
const order = `types-${Date.now().toString(36)}`

async function call(method, path, body, token) {
  const json = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  const headers = token ? json : {}
  const response = await fetch(`${api}${path}`, { method, headers, body })
  return response.json()
}

async function main() {
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
  await pay('4387751111111053', 'purchase')
  const paid = await pay('4242424242424242', 'authorize')
  const read = await call('GET', path, undefined, token)
  const all = await call('GET', `${path}/transactions`, undefined, token)
  // Responses are written as literals, so that the type of each member is checked.
  const literal = value => JSON.stringify(value, null, 1)
  // In 2020's types an order's addresses are entries of an address book, which they never were.
  const year2020 = Number(require(`${name}/package.json`).version.split('.')[0]) < 20
  const type = year2020 ? "Omit<Order, 'shipping_address' | 'billing_address'>" : 'Order'
  console.log(`import type { Order, Transaction, TransactionsResponse } from '${name}'
function order(_: ${type}) {}
function transaction(_: Transaction) {}
const registered = ${literal(registered.data)}
const read = ${literal(read.data)}
order(registered)
order(read)`)
  for (const [n, one] of [paid.data, ...all.data].entries()) {
    // A literal's words are any string to the compiler, unless it is told.
    const word = member => `${member}: '${one[member]}' as const`
    const words = ['transaction_type', 'status'].map(word).join(', ')
    console.log(`const transaction${n} = { ...${literal(one)}, ${words} }
transaction(transaction${n})
const response${n}: TransactionsResponse = { data: transaction${n} }`)
  }
}

main()
