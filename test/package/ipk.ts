/** Reading what `make feed` has made, with tar and llvm-readelf only. */
import { execFileSync } from 'node:child_process';

const LIMIT = 1 << 28;

function run(program: string, args: readonly string[], input?: Buffer): Buffer {
  return execFileSync(program, args, { input, maxBuffer: LIMIT, stdio: 'pipe' });
}

/** A tar archive, as bytes or gzipped. */
export interface Archive {
  readonly bytes: Buffer;
  /** 'mode owner/group name', or 'mode owner/group name -> target', in the order of the archive. */
  readonly listing: readonly string[];
  readonly read: (member: string) => Buffer;
}

export function openArchive(bytes: Buffer): Archive {
  const listing = run('tar', ['-tzv', '--numeric-owner'], bytes)
    .toString()
    .trimEnd()
    .split('\n')
    // -rw-r--r-- 0/0   4 2026-01-01 00:00 ./name
    .map((line) => {
      const [mode = '', owner = '', , , , ...name] = line.split(/ +/);
      return [mode, owner, ...name].join(' ');
    });
  return { bytes, listing, read: (member) => run('tar', ['-xzO', member], bytes) };
}

/** Bytes of a gzipped archive before compression. */
export function unpackedSize({ bytes }: Archive): number {
  return run('gzip', ['-dc'], bytes).length;
}

export interface Elf {
  readonly class: string;
  readonly machine: string;
  readonly flags: string;
  readonly needed: readonly string[];
  /** Names of dynamic symbols without their version. */
  readonly undefined: readonly string[];
  readonly defined: ReadonlySet<string>;
  readonly sections: ReadonlySet<string>;
}

export function readElf(path: string): Elf {
  const readelf = (option: string): string => run('llvm-readelf', [option, path]).toString();
  const header = readelf('-h');
  const field = (name: string): string =>
    new RegExp(`^ +${name}: +(\\S.*)$`, 'm').exec(header)?.[1]?.trimEnd() ?? '';
  const all = (text: string, pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(([, name = '']) => name);
  const symbols = readelf('--dyn-syms')
    .split('\n')
    .flatMap((line) => {
      // Num: Value Size Type Bind Vis Ndx Name
      const [, , , , , , section, name = ''] = line.trim().split(/ +/);
      const plain = name.replace(/@.*$/, '');
      return /^\d+:/.test(line.trim()) && plain !== '' ? [{ section, name: plain }] : [];
    });
  return {
    class: field('Class'),
    machine: field('Machine'),
    flags: field('Flags'),
    needed: all(readelf('-d'), /\(NEEDED\).*\[(.*)\]$/gm),
    undefined: symbols.flatMap(({ section, name }) => (section === 'UND' ? [name] : [])),
    defined: new Set(symbols.flatMap(({ section, name }) => (section === 'UND' ? [] : [name]))),
    sections: new Set(all(readelf('-S'), /^ +\[ *\d+\] (\S+)/gm)),
  };
}
