'use strict';
'require baseclass';

let id = 1;

const STATUS = [
  'Command OK',
  'Invalid command',
  'Invalid argument',
  'Method not found',
  'Resource not found',
  'No data received',
  'Permission denied',
  'Request timeout',
  'Not supported',
  'Unspecified error',
  'Connection lost',
];

function error(message) {
  return Object.assign(new Error(`${message}\n  at rpc`), { name: 'RPCError' });
}

function answerOf({ object, method, reject, expect }, message) {
  const place = `RPC call to ${object}/${method} failed with`;
  if (message.error) throw error(`${place} error ${message.error.code}: ${message.error.message}`);
  const [status, data] = message.result;
  if (reject && status !== 0) throw error(`${place} ubus code ${status}: ${STATUS[status]}`);
  // the answer of a call that failed is not told from that of one that did not
  let answer = message.result.length > 1 ? data : status;
  for (const [key, fallback] of Object.entries(expect ?? {})) {
    if (answer != null && key !== '') answer = answer[key];
    const type = (value) => Object.prototype.toString.call(value);
    if (answer == null || type(answer) !== type(fallback)) answer = fallback;
  }
  return answer;
}

return baseclass.extend({
  declare(options) {
    return async (...args) => {
      const params = Object.fromEntries((options.params ?? []).map((name, i) => [name, args[i]]));
      const { object, method } = options;
      const body = { jsonrpc: '2.0', id: id++, method: 'call' };
      body.params = [L.env.sessionid, object, method, params];
      const response = await fetch('/ubus/', { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw error(`RPC call failed with HTTP error ${response.status}: ?`);
      return answerOf(options, await response.json());
    };
  },

  getStatusText(status) {
    return STATUS[status] ?? 'Unknown error code';
  },
});
