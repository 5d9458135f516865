// Acts of people who sign in at an issuer that is not ours, and how they lose their rights.
//
//   node sign_in.mjs API ISSUER SIMULATOR TOLLGATE
//
// API and ISSUER are addresses, SIMULATOR the address of the simulator's control, TOLLGATE the
// command.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

const [api, issuer, simulator, tollgate] = process.argv.slice(2)
const merchant = '170200123'
const clients = {
  cli: { secret: 'local-cli-secret-that-is-no-secret-at-all', back: 'http://127.0.0.1:49152/back' },
  console: {
    secret: 'local-console-secret-that-is-no-secret', back: 'https://console.shop.example/back',
    atIssuer: 'no-secret-on-this-machine',
  },
}

const step = what => console.log(`ok ${what}`)
const person = (...words) => execFileSync(tollgate, ['person', ...words, `--local=${api}`], { stdio: 'pipe' })
const json = async response => ({ status: response.status, body: JSON.parse(await response.text() || 'null') })
const form = (url, members, headers = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(members), headers }).then(json)

// Calls the API, and returns the body of the response, which has to have this status.
async function call(token, method, path, data, expected = 200) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = data && JSON.stringify({ data })
  const answer = await fetch(api + path, { method, headers, body }).then(json)
  assert.equal(answer.status, expected, JSON.stringify(answer.body))
  return answer.body
}

async function csv(token, path) {
  const headers = { authorization: `Bearer ${token}`, accept: 'text/csv' }
  const response = await fetch(api + path, { headers })
  assert.equal(response.status, 200)
  return response.text()
}

// Every object in a value that names a person.
function withPerson(value) {
  if (value === null || typeof value !== 'object') return []
  return [...('person' in value ? [value] : []), ...Object.values(value).flatMap(withPerson)]
}

// A row of a list that a reader of the table's stream writes soon after.
async function eventually(what, find) {
  for (let tried = 0; tried < 150; tried += 1) {
    const found = await find()
    if (found) return found
    await pause(100)
  }
  return assert.fail(`${what} is not there`)
}

const discovered = await fetch(`${issuer}/.well-known/openid-configuration`).then(response => response.json())

// The authorization request, and all redirections of a browser up to the client: the parameters
// that the issuer sends there. RFC 9207 and 7636.
async function authorize(client, hint) {
  const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(16).toString('base64url')]
  let next = `${discovered.authorization_endpoint}?${new URLSearchParams({
    response_type: 'code', client_id: `tollgate-${client}`, redirect_uri: clients[client].back,
    scope: 'openid email', state, login_hint: hint, code_challenge_method: 'S256',
    // Without a nonce, two sign-ins within a second get the same ID token, which counts once.
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  })}`
  const cookies = new Map()
  while (next.startsWith(issuer)) {
    const cookie = [...cookies].map(pair => pair.join('=')).join('; ')
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } })
    assert.ok(response.headers.has('location'), `${response.status} ${await response.text()}`)
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    next = new URL(response.headers.get('location'), next).href
  }
  assert.ok(next.startsWith(clients[client].back), next)
  const back = new URL(next).searchParams
  assert.deepEqual([back.get('state'), back.get('iss')], [state, issuer])
  return { code: back.get('code'), error: back.get('error'), verifier }
}

function redeem(client, { code, verifier }) {
  const { back, atIssuer } = clients[client]
  const members = { grant_type: 'authorization_code', code, redirect_uri: back, code_verifier: verifier }
  if (!atIssuer) return form(discovered.token_endpoint, { ...members, client_id: `tollgate-${client}` })
  const basic = Buffer.from(`tollgate-${client}:${atIssuer}`).toString('base64')
  return form(discovered.token_endpoint, members, { authorization: `Basic ${basic}` })
}

async function idToken(client, hint) {
  const { status, body } = await redeem(client, await authorize(client, hint))
  assert.equal(status, 200, JSON.stringify(body))
  return body.id_token
}

const exchange = (client, token) => form(`${api}/oauth/access_token`, {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', audience: merchant,
  client_id: client, client_secret: clients[client].secret, subject_token: token,
  subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
})

async function signIn(client, hint) {
  const { status, body } = await exchange(client, await idToken(client, hint))
  assert.equal(status, 200, JSON.stringify(body))
  assert.equal(body.expires_in, 900)
  return body.access_token
}

async function refused(client, token) {
  const { status, body } = await exchange(client, token)
  assert.deepEqual([status, body.errors[0].meta.code], [400, 'invalid_grant'])
}

const clock = advance_s => fetch(`${api}/_local/clock`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ advance_s }),
})

// A paid order, by the merchant's own key.
const { body: own } = await form(`${api}/oauth/access_token`, {
  grant_type: 'client_credentials', client_id: merchant, client_secret: '467512342123',
})
const order = `sign-in-${Date.now().toString(36)}`
await call(own.access_token, 'PUT', `/v2/orders/${order}`, { type: 'order', amount: 2599, currency: 'USD' },
  201)
const paid = await call(own.access_token, 'POST', `/v2/orders/${order}/payments`, {
  gateway: 'card_connect', method: 'purchase', payment: '1|16178397535388255208',
})
await fetch(`${simulator}/settle`, { method: 'POST', body: '{}' })
const refund = `/v2/orders/${order}/transactions/${paid.data.id}/refund`

// No one is let in before a person with rights at AWS adds them.
await refused('cli', await idToken('cli', 'ann'))
person('add', merchant, 'Ann Lee', '--issuer', issuer, '--email', 'ann@shop.example', '--role', 'operate',
  '--refund-max', 'USD:10.00')
person('add', merchant, 'Eve Moss', '--issuer', issuer, '--subject', 'eve', '--role', 'all',
  '--refund-max', 'unlimited')
step('an issuer of OpenID Connect alone lets nobody in')

const used = await idToken('cli', 'ann')
const exchanged = await exchange('cli', used)
assert.equal(exchanged.status, 200, JSON.stringify(exchanged.body))
const ann = exchanged.body.access_token
await refused('cli', used)
await refused('cli', await idToken('console', 'ann'))
const altered = (await idToken('cli', 'ann')).replace(/.{8}$/, '00000000')
await refused('cli', altered)
step('a token counts once, for its client, as the issuer signed it (RS256)')

const me = await call(ann, 'GET', '/v2/me')
assert.deepEqual([me.data.person.name, me.data.person.role], ['Ann Lee', 'operate'])
await call(ann, 'POST', refund, { amount: 500, reason: 'damaged', actor: 'agent 7' })
const over = await call(ann, 'POST', refund, { amount: 600, reason: 'damaged' }, 403)
assert.equal(over.errors[0].meta.code, 'exceeds_refund_max')
const eve = await signIn('console', 'eve')
await call(eve, 'POST', refund, { proposal: over.errors[0].meta.proposal })
step('Ann refunds, and Eve (ES256) what exceeds Ann\'s limit')

// Ann's refund, and Eve's, which Ann proposed.
const isAnns = row => row.person === 'Ann Lee' && row.actor === 'agent 7' && !row.proposed_by
const isEves = row => row.person === 'Eve Moss' && row.proposed_by === 'Ann Lee'
const read = await call(own.access_token, 'GET', `/v2/orders/${order}/transactions/${paid.data.id}`)
const requests = read.data.meta.operations.filter(one => one.type === 'refund').map(one => one.request)
const entries = await eventually('an entry', async () => {
  const { data } = await call(own.access_token, 'GET', `/v2/orders/${order}/entries`)
  const rows = data.filter(entry => entry.operation === 'refund')
  return rows.some(isEves) && rows
})
const events = await eventually('an event', async () => {
  const { events } = await fetch(`${api}/_local/events`).then(response => response.json())
  const found = events.filter(event => event.type === 'transaction.updated').flatMap(withPerson)
  return found.some(isEves) && found
})
for (const [where, rows] of Object.entries({ order: requests, entries, events })) {
  assert.ok(rows.some(isAnns) && rows.some(isEves), `${where}: ${JSON.stringify(rows)}`)
}
// The merchant's list ends before the newest entries.
await eventually('a row with both names', async () => {
  const rows = await csv(eve, '/v2/entries')
  return rows.includes('Eve Moss') && rows.includes('agent 7')
})
step('order, entry, event and CSV have both names')

const trail = await call(eve, 'GET', '/v2/audit?page[limit]=100')
const known = trail.data.map(entry => [entry.kind, entry.who.name ?? entry.who.subject].join(' '))
for (const wanted of ['sign_in_refused ann', 'people_changed operator of the local stack', 'signed_in Ann Lee',
  'signed_in Eve Moss', 'downloaded Eve Moss']) {
  assert.ok(known.includes(wanted), `${wanted}: ${JSON.stringify(trail.data)}`)
}
assert.match(await csv(eve, '/v2/audit'), /Ann Lee/)
step('the audit trail has sign-ins, refusals, changes and downloads, as JSON and as CSV')

person('change', merchant, 'Ann Lee', '--role', 'read')
const late = await idToken('cli', 'ann')
await clock(301)
const lost = await call(ann, 'POST', refund, { amount: 100 }, 403)
assert.equal(lost.errors[0].meta.code, 'forbidden')
await call(ann, 'GET', `/v2/orders/${order}`)
await refused('cli', late)
step('a role is lost in five minutes, and an ID token of then is none')

const begun = await authorize('console', 'eve')
await fetch(`${issuer}/accounts/eve`, { method: 'POST', body: 'disabled' })
assert.equal((await redeem('console', begun)).body.error, 'invalid_grant')
assert.equal((await authorize('console', 'eve')).error, 'access_denied')
await call(eve, 'GET', '/v2/people')
await clock(600)
assert.equal((await call(eve, 'GET', '/v2/people', undefined, 401)).errors[0].meta.code, 'invalid_access_token')
step('an account that the issuer disabled is out in fifteen minutes')
