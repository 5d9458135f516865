// A shop's server: registers orders, pays them, and handles every outcome.
//
//   cargo run                             # the local stack, in another terminal
//   npx tsc --strict --target es2022 --module node16 shop.mts
//   node shop.mjs http://127.0.0.1:3000
//
// Node.js 20 or newer, typescript and @types/node. `Shop` is for copying, `main` tries it on
// the local stack.

import { randomUUID } from 'node:crypto'

// A request takes at most 30 s. A shorter timeout turns slow payments into unknown ones.
const TIMEOUT_MS = 35_000
const ATTEMPTS_MAX = 5
// Earlier repetitions send no inquiry, because the original request may still be running.
const PENDING_PAUSE_S = 30

interface Transaction {
  id: string
  status: 'pending' | 'complete' | 'failed' | 'cancelled'
}

interface Meta {
  code: string
  retryable?: boolean
  decline_code?: string
  advice?: string
}

interface Failure {
  status: number
  title: string
  detail: string
  meta: Meta
}

// Without `errors` a failure is not Tollgate's own, and the outcome is unknown.
interface Answer {
  data?: unknown
  errors?: Failure[]
  access_token?: string
}

interface Exchange {
  // 0 without a response.
  status: number
  retryAfter: string | null
  answer: Answer
}

// The card was declined. `advice` says whether the same card may be tried again.
class Declined extends Error {
  constructor(readonly code: string, readonly advice?: string) {
    super(code)
  }
}

// The request is wrong, or a rule forbids it. Nothing was charged.
class Refused extends Error {
  constructor(readonly code: string, detail: string) {
    super(detail)
  }
}

class Shop {
  private token = ''

  constructor(
    private readonly api: string,
    private readonly clientId: string,
    private readonly clientSecret: string,
    private readonly sleep = (seconds: number) =>
      new Promise<void>(resolve => setTimeout(resolve, seconds * 1000)),
  ) {}

  // States what an order costs, in minor units (2599 is 25.99 dollars).
  register(order: string, amount: number, currency: string): Promise<unknown> {
    return this.call('PUT', `/v2/orders/${order}`, { type: 'order', amount, currency })
  }

  // Charges a stored card. Save `key` with the order first: with the same key no repetition of this
  // call, not even after a crash, charges twice.
  async pay(order: string, payment: string, key: string): Promise<Transaction> {
    const data = { gateway: 'card_connect', method: 'purchase', payment }
    for (;;) {
      const paid = await this.call('POST', `/v2/orders/${order}/payments`, data, key)
      const transaction = paid as Transaction
      if (transaction.status !== 'pending') return transaction
      // Neither paid nor failed. Do not tell the shopper that it failed. The repetition sends an
      // inquiry, and charges the card only once it is certain that it was not charged.
      await this.sleep(PENDING_PAUSE_S)
    }
  }

  // Sends a request until there is a response that says what happened.
  private async call(method: string, path: string, data: object, key?: string): Promise<unknown> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { status, retryAfter, answer } = await this.send(method, path, data, key)
      if (status === 200 || status === 201 || status === 202) return answer.data
      if (status === 401 && this.token) {
        this.token = ''
        continue
      }
      const failure = answer.errors?.[0]
      if (failure && !failure.meta.retryable) {
        const { code, decline_code: declined, advice } = failure.meta
        throw declined ? new Declined(declined, advice) : new Refused(code, failure.detail)
      }
      await this.sleep(retryAfter ? Number(retryAfter) : 2 ** attempt)
    }
    throw new Error(`${method} ${path}: outcome unknown. Repeat it later with the same key`)
  }

  private async send(method: string, path: string, data: object, key?: string): Promise<Exchange> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${await this.accessToken()}`,
      'content-type': 'application/json',
    }
    if (key) headers['idempotency-key'] = key
    return exchange(this.api + path, { method, headers, body: JSON.stringify({ data }) })
  }

  private async accessToken(): Promise<string> {
    if (!this.token) {
      const body = new URLSearchParams({
        grant_type: 'client_credentials', client_id: this.clientId, client_secret: this.clientSecret,
      })
      const { status, answer } = await exchange(`${this.api}/oauth/access_token`, { method: 'POST', body })
      if (!answer.access_token) throw new Error(`no access token: ${status}`)
      this.token = answer.access_token
    }
    return this.token
  }
}

async function exchange(url: string, init: RequestInit): Promise<Exchange> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const answer = (await response.json().catch(() => ({}))) as Answer
    return { status: response.status, retryAfter: response.headers.get('retry-after'), answer }
  } catch {
    return { status: 0, retryAfter: null, answer: {} }
  }
}

async function main(api: string): Promise<void> {
  const post = (url: string, body: object) =>
    exchange(url, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    })
  const local = (await (await fetch(`${api}/_local`)).json()) as { cardpointe_control: string }
  const simulator = local.cardpointe_control
  // The local stack's clock is moved instead of waiting.
  const skip = async (seconds: number) => {
    await post(`${api}/_local/clock`, { advance_s: Math.ceil(seconds) + 1 })
  }
  const shop = new Shop(api, '170200123', '467512342123', skip)
  const run = `ts-${randomUUID()}`
  const stored = '1|16178397535388255208'
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw new Error(what)
  }

  await shop.register(`${run}-1`, 2599, 'USD')
  const key = randomUUID()
  const paid = await shop.pay(`${run}-1`, stored, key)
  const again = await shop.pay(`${run}-1`, stored, key)
  expect(paid.status === 'complete' && again.id === paid.id, 'paid once')
  console.log('paid, and the repetition charged nothing')

  // The request to the gateway or its response is lost, and so is the first inquiry.
  for (const fault of ['drop_after', 'drop_before']) {
    const order = `${run}-${fault}`
    await shop.register(order, 2599, 'USD')
    await post(`${simulator}/faults`, { endpoint: 'auth', fault, times: 1 })
    const lost = { endpoint: 'inquireByOrderid', fault: 'status', status: 503, times: 1 }
    await post(`${simulator}/faults`, lost)
    expect((await shop.pay(order, stored, randomUUID())).status === 'complete', fault)
    console.log(`pending (${fault}), then paid`)
  }

  // The simulator declines 1000.00 plus a code with that code: 54, an expired card.
  await shop.register(`${run}-4`, 105_400, 'USD')
  for (const order of [`${run}-4`, `${run}-1`]) {
    const error: unknown = await shop.pay(order, stored, randomUUID()).then(
      () => new Error(`${order} is paid`),
      (reason: unknown) => reason,
    )
    if (error instanceof Declined) console.log(`declined: ${error.code}, ${error.advice}`)
    else if (error instanceof Refused) console.log(`refused: ${error.code}`)
    else throw error
  }
}

await main(process.argv[2] ?? 'http://127.0.0.1:3000')
