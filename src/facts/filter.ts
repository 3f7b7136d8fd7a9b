/** Which facts are asked for. */
import { DomainrouteError } from '../base/errors.ts';
import { parseAddress } from '../model/address.ts';
import { parseClient } from '../model/client.ts';
import { parseDomainName } from '../model/domain-name.ts';
import { printable } from '../model/value.ts';

/** As on the command line and in ubus; what is missing does not matter. */
export interface FactQuery {
  /** `example.com` is this name alone, `*.example.com` it and all below it. */
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  /** A MAC address or an address. */
  readonly client?: string | undefined;
  /** At most so many. */
  readonly limit?: number | undefined;
}

export interface FactFilter {
  readonly name?: { readonly wire: Uint8Array; readonly below: boolean } | undefined;
  /** 16 bytes, as is `client`. */
  readonly address?: Uint8Array | undefined;
  readonly client?: Uint8Array | undefined;
  readonly limit?: number | undefined;
}

/** Throws DomainrouteError 'usage' for what is no name, address, client or limit. */
export function parseFactQuery({ name, address, client, limit }: FactQuery): FactFilter {
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0)) {
    throw new DomainrouteError('usage', `Cannot read limit '${limit}': must be 0 or more`);
  }
  return {
    name: name === undefined ? undefined : parseNameQuery(name),
    address: parsed('address', address, parseAddress, 'is not an IPv4 or IPv6 address'),
    client: parsed('client', client, parseClient, 'is neither a MAC address nor an address'),
    limit,
  };
}

function parseNameQuery(text: string): { wire: Uint8Array; below: boolean } {
  const below = text.startsWith('*.');
  return { wire: parseDomainName(below ? text.slice(2) : text), below };
}

function parsed(
  what: string,
  text: string | undefined,
  parse: (text: string) => Uint8Array | undefined,
  state: string,
): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const bytes = parse(text);
  if (bytes !== undefined) return bytes;
  throw new DomainrouteError('usage', `Cannot read ${what} '${printable(text)}': ${state}`);
}
