// Tests against quecloud-sim with nothing but Node: node --test simulator.test.mjs
//
// QUECLOUD_SIM names the program, which `go install github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest` makes.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'

const program = process.env.QUECLOUD_SIM ?? 'quecloud-sim'
const unsigned = new Set(['sign', 'alarmParam', 'alarmStatus', 'pauseStatus'])
let simulator, url, controlURL

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

before(async () => {
  const platform = `127.0.0.1:${await freePort()}`
  const control = `127.0.0.1:${await freePort()}`
  url = `http://${platform}/openapi/router`
  controlURL = `http://${control}`
  simulator = spawn(program, ['-addr', platform, '-control', control], { stdio: 'ignore' })
  execFileSync(program, ['ready', '-control', control, '-wait', '10s'])
})

after(() => { simulator.kill() })

beforeEach(() => control('POST', '/reset'))

async function control (method, path, body) {
  const response = await fetch(controlURL + path, {
    method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body)
  })
  const result = await response.json()
  assert.ok(response.ok, result.error)
  return result
}

// call calls the platform. A real client would take its credentials from its configuration.
async function call (method, params) {
  const form = { ...params, appKey: '000001', method: `fc.function.${method}`, t: String(Math.floor(Date.now() / 1000)) }
  const text = Object.keys(form).filter((name) => !unsigned.has(name)).sort().map((name) => name + form[name]).join('')
  const secret = 'quecloudtest-secret'
  form.sign = createHash('sha1').update(secret + text + secret).digest('hex').toUpperCase()
  return fetch(url, { method: 'POST', body: new URLSearchParams(form) })
}

test('suspends a card', async () => {
  const response = await call('card.pause', { msisdn: '1064800000000' })
  assert.equal((await response.json()).resultCode, 0)
  assert.equal((await control('GET', '/cards/1064800000000')).status, '停机')
  const requests = await control('GET', '/requests?method=card.pause&card=1064800000000&wait=5s')
  assert.deepEqual(requests.map((request) => request.resultCode), [0])
})

test('starts from a scenario', async () => {
  await control('POST', '/scenario', {
    cards: [{ msisdn: '1064800000000', status: '停机', pauseReason: '主动停机' }]
  })
  const card = await (await call('card.info', { msisdn: '1064800000000' })).json()
  assert.equal(card.status, '停机')
})

test('meets a fault', async () => {
  await control('POST', '/faults', { fault: 'status=503,on=card.info,times=1' })
  assert.equal((await call('card.info', { msisdn: '1064800000000' })).status, 503)
  assert.equal((await call('card.info', { msisdn: '1064800000000' })).status, 200)
})
