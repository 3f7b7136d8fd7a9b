import assert from 'node:assert/strict';
import { MessageType, type Message } from '../../../src/lib/ubus-ts/message.ts';
import { Requests } from '../../../src/lib/ubus-ts/requests.ts';

const EMPTY = Buffer.alloc(0);

describe('requests to ubusd', () => {
  const ended: string[] = [];
  const request = (action: string, peer = 7) => ({
    action,
    peer,
    timeoutMs: 60_000,
    done: (error: Error | undefined) => {
      ended.push(error?.message ?? action);
    },
  });
  const status = (seq: number, peer = 7): Message => ({
    version: 0,
    type: MessageType.STATUS,
    seq,
    peer,
    body: EMPTY,
  });

  beforeEach(() => (ended.length = 0));

  it('number themselves from 1 to 65535 and again, past those that wait', () => {
    const requests = new Requests();
    const first = requests.add(request('wait'));
    assert.equal(first, 1);
    let last = first;
    for (let n = 0; n < 65_534; n++) {
      last = requests.add(request('go'));
      requests.status(status(last), { status: 0 });
    }
    assert.equal(last, 65_535);
    assert.equal(requests.add(request('again')), 2);
    requests.failAll('the connection is closed');
  });

  it('are at most 65535 at a time', () => {
    const requests = new Requests();
    for (let n = 0; n < 65_535; n++) requests.add(request('wait'));
    assert.throws(() => requests.add(request('list objects')), {
      code: 'NO_MEMORY',
      message: 'Cannot list objects: 65535 requests wait already',
    });
    requests.failAll('the connection is closed');
    assert.equal(ended.length, 65_535);
    assert.equal(ended[0], 'Cannot wait: the connection is closed');
  });

  it('are ended once, by their seq and peer', () => {
    const requests = new Requests();
    const seq = requests.add(request('call'));
    requests.status(status(seq, 8), { status: 0 });
    requests.status(status(seq + 1), { status: 0 });
    assert.deepEqual(ended, []);
    requests.status(status(seq), { status: 6 });
    requests.status(status(seq), { status: 0 });
    assert.deepEqual(ended, ['Cannot call: permission denied']);
  });

  it('that end with an unknown status, or none, fail', () => {
    const requests = new Requests();
    requests.status(status(requests.add(request('call'))), { status: 99 });
    requests.status(status(requests.add(request('call'))), {});
    assert.deepEqual(ended, ['Cannot call: status 99', 'Cannot call: unknown error']);
  });
});
