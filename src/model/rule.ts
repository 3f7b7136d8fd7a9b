/** What the user wrote, typed: the UCI sections after validation. */
import type { BgpOptions, Neighbor } from './bgp.ts';
import type { ClientMatch } from './client.ts';
import type { LargeCommunity } from './community.ts';
import type { DnstapSource } from './dnstap.ts';

/** A domain of a rule. `name` is in wire form (RFC 1035 §3.1), lower-cased, without the root; empty for '.'. */
export interface DomainPattern {
  readonly name: Uint8Array;
  /** `=name`: this name alone; otherwise it and all below it. */
  readonly exact: boolean;
}

/** A packet mark as netifd writes it, `value/mask`. Unsigned 32 bit. */
export interface Mark {
  readonly value: number;
  readonly mask: number;
}

export interface Rule {
  /** UCI section name; `cfgXXXXXX` for an anonymous one, as libuci names it. */
  readonly section: string;
  readonly enabled: boolean;
  readonly domains: readonly DomainPattern[];
  /** Names of `config list` sections. */
  readonly lists: readonly string[];
  /** Empty: every client, and the router itself. */
  readonly clients: readonly ClientMatch[];
  /** netifd interface, or a device where there is no netifd. */
  readonly interface: string | undefined;
  readonly mark: Mark | undefined;
  readonly action: 'route' | 'block' | 'proxy';
  readonly local: 'mark' | 'bind' | 'off';
  /** Interface down: unreachable, or the main table. */
  readonly fallback: 'block' | 'main';
  readonly address: 'real' | 'fake';
  /** Over BGP; only what is routed is announced. */
  readonly announce: boolean;
  /** Of what is announced: RFC 1997, 32 bits each. */
  readonly communities: readonly number[];
  readonly largeCommunities: readonly LargeCommunity[];
  readonly onChange: 'keep' | 'drop';
  /** Private destinations, too (Z2). */
  readonly private: boolean;
}

export interface DomainList {
  readonly section: string;
  readonly url: string | undefined;
  readonly file: string | undefined;
  readonly format: 'plain' | 'hosts' | 'dnsmasq' | 'adblock' | 'geosite';
  readonly intervalSeconds: number;
  /** A list may name whole top-level domains (D1). */
  readonly allowTld: boolean;
}

export interface MainOptions {
  readonly enabled: boolean;
  readonly lan: readonly string[];
  readonly wan: readonly string[];
  readonly local: boolean;
  /** Contiguous bits; unsigned. */
  readonly markMask: number;
  /** First routing table and first ip rule priority. */
  readonly table: number;
  /** Entries of the fact maps. */
  readonly facts: number;
  readonly holdSeconds: number;
}

/** Something about the configuration that the user should know. `error`: the section was left out. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Of the section: `rule`, `list`, `domainroute` …, or what the file has. */
  readonly type: string;
  readonly section: string;
  readonly option: string | undefined;
  readonly value: string | undefined;
  /** One line, without section, option and value. */
  readonly message: string;
}

export interface Configuration {
  readonly main: MainOptions;
  /** In the order of the file, enabled or not. */
  readonly rules: readonly Rule[];
  readonly lists: ReadonlyMap<string, DomainList>;
  /** Enabled or not, in the order of the file. */
  readonly dnstap: readonly DnstapSource[];
  readonly bgp: BgpOptions | undefined;
  /** Enabled or not, in the order of the file; without `bgp` of no use. */
  readonly neighbors: readonly Neighbor[];
  readonly diagnostics: readonly Diagnostic[];
}
