/** Numbers, addresses and routes that the speaker and its neighbours share in tests. */
import { parseAddress } from '../../../src/model/address.ts';
import { parsePrefix, type Prefix } from '../../../src/model/prefix.ts';

export const OUR_ASN = 65001;
export const PEER_ASN = 65002;

export function address(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`${text} is no address`);
  return bytes;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`${text} is no prefix`);
  return parsed;
}

/** Host routes `from` up to `to` of both families, as daemons write them, sorted. */
export function hostRoutes(from: number, to: number): readonly string[] {
  const routes: string[] = [];
  for (let i = from; i < to; i++) {
    routes.push(`100.${64 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/32`);
    routes.push(
      `2001:db8::${(0x100 + (i >> 16)).toString(16)}:${(0x1000 + (i & 0xfff)).toString(16)}:${(0x10 + ((i >> 12) & 15)).toString(16)}/128`,
    );
  }
  return routes.sort();
}
