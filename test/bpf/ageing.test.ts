import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { forgetExpired } from '../../src/control/ageing.ts';
import type { Settings } from '../../src/control/settings.ts';
import {
  loadPrograms,
  makePinDirectories,
  Maps,
  monotonicNow,
  pinMaps,
  pinsBelow,
  takeFacts,
} from '../../src/datapath/index.ts';
import { ZERO } from '../../src/datapath/config-map.ts';
import { CONFIG, FACT, PAIR } from '../../src/datapath/layouts.ts';
import { useKernel } from './fixtures/libbpf-ts.ts';

const ASSETS = fileURLToPath(new URL('../../dist', import.meta.url));
const SECOND = 1e9;
const HOLD = 100 * SECOND;

describe('ageing', () => {
  const kernel = useKernel();
  let settings: Settings;
  let maps: Maps;

  before(() => {
    const pin = `${kernel.pins}/domainroute`;
    settings = { config: '', pin, cgroup: undefined, run: '', ubus: '', assets: ASSETS };
    const pins = pinsBelow(pin);
    makePinDirectories(pins);
    const loaded = loadPrograms({
      assets: ASSETS,
      programs: new Set(),
      reuse: new Map(),
      facts: 1024,
    });
    pinMaps(pins, loaded);
    loaded.close();
    maps = new Maps(pins);
    const config = { mark_mask: 0x3f000000, seed: 1n, hold: BigInt(HOLD) };
    const bytes = CONFIG.encode({ ...config, generation: 1, levels: 0, max_labels: 0 });
    maps.get('config').update(ZERO, bytes);
  });
  after(() => maps.close());

  const pair = (n: number): Uint8Array =>
    PAIR.encode({ client: new Uint8Array(16), address: new Uint8Array(16).fill(n) });

  /** Told long ago, with these seconds until it expires, and since it was seen. */
  function fact(expiresIn: number, seenAgo: number): Uint8Array {
    const now = monotonicNow();
    return FACT.encode({
      told: 1,
      expires: now + expiresIn * SECOND,
      last_seen: now - seenAgo * SECOND,
      hash: 1n,
      name_length: 3,
      source: 0,
      name: Uint8Array.from([1, 0x78, 0]),
    });
  }

  it('forgets what has expired and was not seen for long, and nothing else', () => {
    for (const name of ['facts', 'strays'] as const) {
      maps.get(name).update(pair(1), fact(-1, 101));
      maps.get(name).update(pair(2), fact(10, 101));
      maps.get(name).update(pair(3), fact(-1, 90));
    }
    assert.equal(forgetExpired(settings), 2);
    for (const name of ['facts', 'strays'] as const) {
      const left = [1, 2, 3].map((n) => maps.get(name).lookup(pair(n)) !== undefined);
      assert.deepEqual(left, [false, true, true], name);
    }
    assert.equal(forgetExpired(settings), 0);
  });

  it('keeps what was refreshed after it was read', () => {
    const facts = maps.get('facts');
    const fresh = fact(50, 0);
    facts.update(pair(4), fresh);
    assert.equal(
      takeFacts(maps, true, pair(4), [0], () => true),
      0,
    );
    assert.deepEqual(facts.lookup(pair(4)), fresh);
  });
});
