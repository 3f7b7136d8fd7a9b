import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnstapSources } from '../../../../src/control/announce/dnstap-sources.ts';
import { formatAddress, parseAddress } from '../../../../src/model/address.ts';
import { until } from '../../../lab/until.ts';
import { dataFrame, dnstap, oneWay } from '../../dnstap/fixtures.ts';

/** A CLIENT_RESPONSE of which only who asked is of interest. */
function answerTo(address: string | undefined): Uint8Array {
  const bytes = address === undefined ? undefined : parseAddress(address);
  return dataFrame(
    dnstap({ 1: 6, 2: 2, 3: 1, ...(bytes !== undefined && { 4: bytes }), 14: Buffer.from('x') }),
  );
}

describe('sources of dnstap', () => {
  let directory = '';
  let sources: DnstapSources;
  let clients: (string | undefined)[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dnstap-sources-'));
    clients = [];
    sources = new DnstapSources(
      (_, client) => clients.push(client && formatAddress(client)),
      (problem) => assert.fail(problem),
    );
  });
  afterEach(async () => {
    await sources.configure([]);
    rmSync(directory, { recursive: true });
  });

  /** Who is said to have been told, when all of them have asked. */
  async function tell(client: boolean, askers: readonly (string | undefined)[]): Promise<void> {
    const path = join(directory, 'tap.sock');
    const listen = { unix: { path } };
    const rest = { enabled: true, messageTypes: ['CLIENT_RESPONSE'] } as const;
    await sources.configure([{ section: 'tap', listen, client, ...rest }]);
    const socket = connect(path);
    await once(socket, 'connect');
    socket.resume().end(oneWay(...askers.map(answerTo)));
    await once(socket, 'close');
    await until('all is read', () => sources.status()[0]?.messages === askers.length);
  }

  const ASKERS = ['2001:db8::7', '100:0:0:2::1', undefined, '::', '100::200:0:1', '100:0:0:1::3'];

  it('tell of each client what it was told, and nothing where it is nobody known', async () => {
    await tell(true, ASKERS);
    assert.deepEqual(clients, ['2001:db8::7', '100:0:0:2::1']);
  });

  it('tell of no client where clients are not told apart', async () => {
    await tell(false, ASKERS);
    assert.deepEqual(
      clients,
      ASKERS.map(() => undefined),
    );
  });
});
