import assert from 'node:assert/strict';
import {
  exactKey,
  NameHasher,
  questionHash,
  suffixHash,
  wholeHash,
} from '../../../src/dns/name-hash.ts';

const SEED = 0x0123456789abcdefn;
const MASK = (1n << 64n) - 1n;

/** `\3www\7example\3com` without the root. */
function wire(text: string): Uint8Array {
  const labels = text === '' ? [] : text.split('.');
  return Buffer.concat(labels.map((l) => Buffer.from(String.fromCharCode(l.length) + l, 'latin1')));
}

/* bpf/README.md "Names and hashes", once more and word by word: nothing here is shared with the source. */
function mix(h: bigint, w: bigint): bigint {
  const x = ((h ^ w) * 0x9e3779b97f4a7c15n) & MASK;
  return x ^ (x >> 32n);
}

function mixWords(seed: bigint, bytes: Uint8Array): bigint {
  const padded = Buffer.alloc(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  let hash = seed;
  for (let i = 0; i < padded.length; i += 8) hash = mix(hash, padded.readBigUInt64LE(i));
  return hash;
}

function labelHashes(seed: bigint, text: string): bigint[] {
  return text === '' ? [] : text.split('.').map((label) => mixWords(seed, wire(label)));
}

const whole = (seed: bigint, text: string): bigint => labelHashes(seed, text).reduce(mix, seed);
const suffix = (seed: bigint, text: string, k: number): bigint =>
  labelHashes(seed, text).reverse().slice(0, k).reduce(mix, seed);

describe('dns/name-hash', () => {
  const names = [
    '',
    'a',
    'com',
    'example.com',
    'www.example.com',
    'seven77.eight888.fifteen15151515.sixteen161616161',
    `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(61)}`,
    Array.from({ length: 127 }, (_, i) => String(i % 10)).join('.'),
    '\xff\x00\x80.\xfe',
  ];
  const seeds = [0n, 1n, SEED, MASK, 0x8000000080000000n, 0x7fffffffffffffffn];

  it('has the fixed values of the kernel side', () => {
    assert.equal(wholeHash(SEED, wire('')), SEED);
    assert.equal(wholeHash(SEED, wire('www.example.com')), 0x16ff7650a6888800n);
    assert.equal(suffixHash(SEED, wire('www.example.com')), 0x185a59aa58807bf4n);
    assert.equal(suffixHash(SEED, wire('www.example.com'), 2), 0x7565aab6c8d31135n);
    assert.equal(exactKey(SEED, wire('www.example.com')), 0xa25bed6acd89546bn);
    assert.equal(questionHash(SEED, wire('wWw.eXample.com'), 28, 1), 0x9728488ccee0f462n);
  });

  it('agrees with 64-bit arithmetic on every kind of name and seed', () => {
    for (const seed of seeds) {
      for (const text of names) {
        const name = wire(text);
        const labels = text === '' ? 0 : text.split('.').length;
        assert.equal(wholeHash(seed, name), whole(seed, text), `whole ${text}`);
        assert.equal(exactKey(seed, name), mix(whole(seed, text), 0x3dn), `exact ${text}`);
        for (let k = 0; k <= labels; k++) {
          assert.equal(suffixHash(seed, name, k), suffix(seed, text, k), `suffix ${k} of ${text}`);
        }
        assert.equal(suffixHash(seed, name), suffix(seed, text, labels), `suffix ${text}`);
      }
    }
  });

  it('hashes a question with its case, type and class', () => {
    const text = 'wWw.ExAmple.com';
    const raw = text.split('.').reduce((hash, label) => mixWords(hash, wire(label)), SEED);
    assert.equal(questionHash(SEED, wire(text), 0xff01, 0xfffe), mix(raw, 0xff01fffen));
    assert.notEqual(
      questionHash(SEED, wire(text), 1, 1),
      questionHash(SEED, wire(text.toLowerCase()), 1, 1),
    );
  });

  it('takes a name with and without its root byte, at any place of a buffer', () => {
    const rooted = Buffer.from([...wire('www.example.com'), 0]);
    assert.equal(wholeHash(SEED, rooted), wholeHash(SEED, wire('www.example.com')));
    assert.equal(
      questionHash(SEED, rooted, 1, 1),
      questionHash(SEED, wire('www.example.com'), 1, 1),
    );
    const hasher = new NameHasher(SEED);
    const placed = Buffer.from([9, 9, ...rooted, 9]);
    assert.equal(hasher.read(placed, 2, placed.length - 1), 3);
    hasher.suffix();
    assert.equal(hasher.value(), suffix(SEED, 'www.example.com', 3));
    hasher.label(1);
    assert.equal(hasher.value(), labelHashes(SEED, 'www.example.com')[1]);
  });

  it('grows a suffix label by label', () => {
    const hasher = new NameHasher(SEED);
    hasher.read(wire('www.example.com'));
    hasher.reset();
    for (let k = 1; k <= 3; k++) {
      hasher.lengthen(k);
      assert.equal(hasher.value(), suffix(SEED, 'www.example.com', k));
    }
  });

  it('tells bytes that are no name', () => {
    const hasher = new NameHasher(SEED);
    const bad: [string, number[]][] = [
      ['a label that leaves the bytes', [3, 97, 97]],
      ['a label of 64 bytes', [64, ...new Array<number>(64).fill(97)]],
      ['a pointer', [0xc0, 0x0c]],
      ['bytes behind the root', [1, 97, 0, 0]],
      ['128 labels', Array.from({ length: 256 }, (_, i) => (i % 2 === 0 ? 1 : 97))],
    ];
    for (const [what, bytes] of bad) assert.equal(hasher.read(Uint8Array.from(bytes)), -1, what);
    assert.throws(() => wholeHash(SEED, Uint8Array.of(5)), /not in wire form/);
    assert.throws(() => suffixHash(SEED, wire('a.b'), 3), /the name has 2/);
  });
});
