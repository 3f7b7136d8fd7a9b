/** A large list of names, the same in every run: labels as long as those of real lists, two to four a name. */

/** Marsaglia's xorshift32; `state` is not 0. */
function randomizer(state: number): () => number {
  let x = state;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

const LETTERS = 'etaoinsrhldcumfpgwybvkxjqz-0123456789';
const ENDS = ['com', 'net', 'org', 'de', 'io', 'info', 'co', 'ru'];

/** `count` different names: a fifth has two labels, a half three, the others four. */
export function listNames(count: number): readonly string[] {
  const random = randomizer(0x2545f491);
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const end = ENDS[random() % ENDS.length] ?? 'com';
    // the number makes it unique
    const own = `${word(random, 4 + (random() % 6))}${i.toString(36)}`;
    const kind = random() % 10;
    if (kind < 2) names.push(`${own}.${end}`);
    else if (kind < 7) names.push(`${word(random, 2 + (random() % 5))}.${own}.${end}`);
    else names.push(`${word(random, 2 + (random() % 8))}.${word(random, 3)}.${own}.${end}`);
  }
  return names;
}

function word(random: () => number, length: number): string {
  let text = 'x';
  for (let i = 1; i < length; i++) {
    // frequent letters are more frequent; neither a hyphen first nor last
    const letter = Math.min(random() % LETTERS.length, random() % LETTERS.length);
    text += LETTERS[i + 1 === length ? letter % 26 : letter] ?? 'e';
  }
  return text;
}
