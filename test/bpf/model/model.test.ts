import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hex, toHex, u8 } from '../frames/bytes.ts';
import {
  exactKey,
  labelHash,
  labelWords,
  mix,
  questionHash,
  rawHash,
  suffixHashes,
  wholeHash,
} from './hash.ts';
import {
  clientOfMac,
  encodeConfig,
  encodeFact,
  encodeVerdict,
  exchangeKey,
  mapped,
  verdictKey,
} from './layout.ts';
import {
  ADDRESSES_MAX,
  CHAIN_MAX,
  MESSAGE_MAX,
  RECORDS_MAX,
  STEPS_MAX,
  TTL_MAX_SECONDS,
} from './limits.ts';
import { readName, Steps } from './name.ts';
import { REASON } from './reasons.ts';
import { epochIndex } from './state.ts';

/** `mix` in 16-bit pieces, as a second opinion. */
function mixByHand(hash: bigint, word: bigint): bigint {
  const pieces = (value: bigint): number[] =>
    [0n, 16n, 32n, 48n].map((n) => Number((value >> n) & 0xffffn));
  const a = pieces(hash).map((piece, i) => piece ^ (pieces(word)[i] ?? 0));
  const b = [0x7c15, 0x7f4a, 0x79b9, 0x9e37];
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < 4; i++) {
    for (let j = 0; i + j < 4; j++) sums[i + j] = (sums[i + j] ?? 0) + (a[i] ?? 0) * (b[j] ?? 0);
  }
  let carry = 0;
  const x = sums.map((sum) => {
    const total = sum + carry;
    carry = Math.floor(total / 65536);
    return total % 65536;
  });
  const folded = [(x[0] ?? 0) ^ (x[2] ?? 0), (x[1] ?? 0) ^ (x[3] ?? 0), x[2] ?? 0, x[3] ?? 0];
  return folded.reduceRight((value, piece) => (value << 16n) | BigInt(piece), 0n);
}

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

describe('reference model: hashes', () => {
  it('mix multiplies and folds in 64 bits', () => {
    // 1 * K, then K ^ (K >> 32): 7f4a7c15 ^ 9e3779b9 = e17d05ac
    assert.equal(mix(0n, 1n), 0x9e3779b9e17d05acn);
    assert.equal(mix(1n, 1n), 0n);
    // (2^64 - 1) * K = -K = 61c8864680b583eb; 80b583eb ^ 61c88646 = e17d05ad
    assert.equal(mix(0n, 0xffffffffffffffffn), 0x61c88646e17d05adn);
  });

  it('mix agrees with schoolbook multiplication', () => {
    let hash = 0x0123456789abcdefn;
    for (let i = 0; i < 200; i++) {
      const word = BigInt(i) * 0xfedcba987654321n;
      assert.equal(mix(hash, word), mixByHand(hash, word));
      hash = mix(hash, word);
    }
  });

  it('a label with its length byte is cut into little-endian words', () => {
    assert.deepEqual(labelWords(ascii('com')), [0x6d6f6303n]);
    assert.deepEqual(labelWords(ascii('example')), [0x656c706d61786507n]);
    assert.deepEqual(labelWords(ascii('examples')), [0x656c706d61786508n, 0x73n]);
    assert.equal(labelWords(new Uint8Array(63)).length, 8);
  });

  it('whole, raw, suffix and exact hashes are those mixes', () => {
    const seed = 42n;
    const www = mixByHand(seed, 0x77777703n);
    const com = mixByHand(seed, 0x6d6f6303n);
    assert.equal(labelHash(seed, ascii('www')), www);
    const whole = mixByHand(mixByHand(seed, www), com);
    assert.equal(wholeHash(seed, [www, com]), whole);
    assert.equal(exactKey(whole), mixByHand(whole, 0x3dn));
    const one = mixByHand(seed, com);
    assert.deepEqual(suffixHashes(seed, [www, com]), [one, mixByHand(one, www)]);
    const raw = mixByHand(mixByHand(seed, 0x77777703n), 0x6d6f6303n);
    assert.equal(rawHash(seed, [ascii('www'), ascii('com')]), raw);
    assert.equal(questionHash(raw, 28, 1), mixByHand(raw, 0x1c0001n));
    assert.equal(wholeHash(seed, []), seed);
  });

  it('the key of a verdict is a sum of products of folded words', () => {
    const pair = `\x02${'\0'.repeat(15)}\x01${'\0'.repeat(15)}`;
    // 2 * 9e3779b97f4a7c15 + 165667b19e3779f9, without the 65th bit
    assert.equal(verdictKey(pair), 0x52c55b249ccc7223n);
    // ...01 in the last byte is 0x0100000001000000 when folded; times d6e8feb86659fd93
    const last = `${'\0'.repeat(31)}\x01`;
    assert.equal(verdictKey(last), BigInt.asUintN(64, 0x0100000001000000n * 0xd6e8feb86659fd93n));
  });

  it('pairs of a small network have keys of their own', () => {
    const keys = new Set<bigint>();
    for (let host = 0; host < 100; host++) {
      for (let server = 0; server < 256; server++) {
        keys.add(
          verdictKey(clientOfMac(u8(2, 0, 0, 0, 0, host)) + mapped(u8(198, 51, 100, server))),
        );
      }
    }
    assert.equal(keys.size, 25_600);
  });

  it('an address leads to one of 4,096 epochs', () => {
    // 0xffff0000 ^ 0x0100a8c0 (192.168.0.1 as little-endian words) = 0xfeffa8c0
    const product = (0xfeffa8c0n * 0x9e3779b1n) & 0xffffffffn;
    assert.equal(epochIndex(mapped(u8(192, 168, 0, 1))), Number(product >> 20n));
  });
});

describe('reference model: names', () => {
  const header = '0000 0000 0000 0000 0000 0000';
  const read = (text: string, start = 12, steps = 512): ReturnType<typeof readName> =>
    readName(hex(header + text), start, 0n, new Steps(steps));
  const wire = (text: string, start = 12): string => {
    const name = read(text, start);
    return typeof name === 'number' ? `reason ${name}` : `${toHex(name.wire)} ${name.end}`;
  };

  it('are read plain, in lower case', () =>
    assert.equal(wire('0341425a 01 5b 00'), '036162 7a015b00 19'.replace(' ', '')));
  it('are read through pointers', () => assert.equal(wire('016100 0162c00c', 15), '0162016100 19'));
  it('the root is one byte', () => assert.equal(wire('00'), '00 13'));
  const bad: [string, string, number][] = [
    ['a pointer to itself', 'c00c', 12],
    ['a pointer forwards', 'c00e00', 12],
    ['a pointer into the header', '016100 c00b', 15],
    ['a pointer into the same piece', '0161 0162 c00e', 12],
    ['a pointer back to where the last one led', '00 0161 c00d c00d', 17],
    ['label type 01', '4000', 12],
    ['label type 10', '8000', 12],
    ['a label that leaves the message', '036162', 12],
    ['a pointer that leaves the message', '0161c0', 12],
    ['no root', '0161', 12],
  ];
  for (const [what, text, start] of bad) {
    it(`${what} is BAD_NAME`, () => assert.equal(read(text, start), REASON.BAD_NAME));
  }

  it('have 255 bytes and 127 labels at most', () => {
    const full = `${'0161'.repeat(127)}00`;
    const name = read(full);
    assert.ok(typeof name !== 'number');
    assert.equal(name.wire.length, 255);
    assert.equal(name.labels.length, 127);
    assert.equal(read(`0161${full}`), REASON.BAD_NAME);
    assert.equal(read(`026161${'0161'.repeat(126)}00`), REASON.BAD_NAME);
  });

  it('take a step a word, a pointer, a root', () => {
    const text = `00 07${'61'.repeat(7)} 08${'62'.repeat(8)} c00c`; // 1 + 2 + 1, and the root
    assert.ok(typeof read(text, 13, 5) !== 'number');
    assert.equal(read(text, 13, 4), REASON.STEPS);
  });
});

describe('reference model: layouts', () => {
  it('encode as bpf/domainroute.h says', () => {
    const config = { generation: 1, markMask: 2, seed: 3n, hold: 4n, levels: 5, maxLabels: 6 };
    assert.equal(
      toHex(encodeConfig(config)),
      '01000000020000000300000000000000040000000000000005000000 06000000'.replace(' ', ''),
    );
    const fact = encodeFact({
      told: 1n,
      expires: 2n,
      lastSeen: 3n,
      hash: 4n,
      source: 1,
      name: u8(1, 97, 0),
    });
    assert.equal(fact.length, 296);
    assert.equal(
      toHex(fact.subarray(24, 44)),
      '0400000000000000' + '0300' + '01' + '0000000000' + '01610000',
    );
    const verdict = {
      stamp: 1n,
      expires: 2n,
      rule: 3,
      flags: 4,
      mark: 5,
      mask: 6,
      ifindex: 7,
      packets: 8,
      bytes: 9,
      lastSeen: 10n,
    };
    assert.equal(
      toHex(encodeVerdict('p'.repeat(32), verdict)),
      '70'.repeat(32) +
        '0100000000000000 0200000000000000 03000000 04000000 05000000 06000000 07000000 00000000 0800000000000000 0900000000000000 0a00000000000000'.replaceAll(
          ' ',
          '',
        ),
    );
    const key = exchangeKey('c'.repeat(16), 's'.repeat(16), 0x1234, 53, 0xabcd, 17, 1);
    assert.equal(key, `${'c'.repeat(16)}${'s'.repeat(16)}\x12\x34\x00\x35\xab\xcd\x11\x01`);
  });

  it('and the limits are those of bpf/domainroute.h', () => {
    const header = readFileSync(new URL('../../../bpf/domainroute.h', import.meta.url), 'utf8');
    const define = (name: string): number =>
      Number(new RegExp(`#define ${name}\\s+(\\d+)`).exec(header)?.[1]);
    assert.deepEqual(
      ['STEPS', 'CHAIN', 'RECORDS', 'MESSAGE', 'ADDRESSES', 'TTL'].map((what) =>
        define(`DR_${what}_MAX`),
      ),
      [STEPS_MAX, CHAIN_MAX, RECORDS_MAX, MESSAGE_MAX, ADDRESSES_MAX, TTL_MAX_SECONDS],
    );
    const reasons = [...header.matchAll(/^\tREASON_(\w+)[,=]?/gm)].map(([, name]) => name);
    assert.deepEqual(reasons, ['NONE', ...Object.keys(REASON), 'MAX']);
  });
});
