'use strict';
'require baseclass';
'require rpc';

// What the router is asked. A call rejects with an Error whose `kind` says what can be done about it.

const declare = (method, params) => rpc.declare({ object: 'domainroute', method, params });

const CALLS = {
  status: declare('status'),
  counters: declare('counters'),
  check: declare('check'),
  reload: declare('reload'),
  decisions: declare('decisions', ['limit']),
  rdns: declare('rdns', ['limit']),
  bgp: declare('bgp'),
  routes: declare('routes', ['limit']),
  explain: declare('explain', ['name', 'address', 'client']),
};

const callInterfaces = rpc.declare({
  object: 'network.interface',
  method: 'dump',
  expect: { interface: [] },
});
const callLeases = rpc.declare({ object: 'luci-rpc', method: 'getDHCPLeases', expect: { '': {} } });
const callHints = rpc.declare({ object: 'luci-rpc', method: 'getHostHints', expect: { '': {} } });

/** By status of ubus. */
const KINDS = { 3: 'absent', 4: 'absent', 5: 'stopped', 6: 'denied', 7: 'late', 10: 'absent' };

function failure(kind, message) {
  const error = new Error(message);
  error.kind = kind;
  return error;
}

/** The gateways of LuCI differ: some have the answer of a call that failed, some its number alone. */
function understand(answer) {
  if (typeof answer === 'number')
    throw failure(KINDS[answer] ?? 'failed', rpc.getStatusText(answer));
  if (answer === null || typeof answer !== 'object') throw failure('failed', _('No answer'));
  if (typeof answer.error !== 'string') return answer;
  throw failure(answer.error.includes('not running') ? 'stopped' : 'failed', answer.error);
}

/** By error of JSON-RPC (uhttpd-mod-ubus, ubus.c): no such object, no right to it, no answer in time. */
const ERRORS = [
  ['error -32000', 'absent'],
  ['error -32002', 'denied'],
  ['error -32003', 'late'],
];

function misunderstand(error) {
  const [message] = String(error.message).split('\n');
  const known = ERRORS.find(([code]) => message.includes(code));
  throw failure(known === undefined ? 'failed' : known[1], message);
}

return baseclass.extend({
  /** One of the methods of the daemon. */
  ask(method, ...args) {
    return CALLS[method](...args).then(understand, misunderstand);
  },

  /** netifd's interfaces; none if they cannot be read. */
  interfaces() {
    return L.resolveDefault(callInterfaces(), []);
  },

  /** What `hosts.js` is made of; nothing if it cannot be read. */
  leases() {
    return Promise.all([L.resolveDefault(callLeases(), {}), L.resolveDefault(callHints(), {})]);
  },
});
