/** `config bgp` and `config neighbor`: whom we announce addresses to. Addresses are 16 bytes, as of parseAddress. */

export interface BgpOptions {
  readonly enabled: boolean;
  readonly asn: number;
  /** IPv4: the BGP identifier. */
  readonly routerId: Uint8Array;
  /** Where neighbours may connect to; none: we connect to them. */
  readonly listen: readonly Uint8Array[];
  readonly port: number;
  /** Seconds, 0 or at least 3: of neighbours that have none of their own. */
  readonly holdTime: number;
  /** Seconds that neighbours keep our routes without us (RFC 4724); 0: off. */
  readonly gracefulRestartSeconds: number;
  /** So many prefixes are announced at most. */
  readonly maxRoutes: number;
}

/** Names are those of `NeighborConfig` in src/bgp, but for the key. */
export interface Neighbor {
  readonly section: string;
  readonly enabled: boolean;
  readonly address: Uint8Array;
  readonly port: number;
  readonly asn: number;
  readonly localAddress?: Uint8Array;
  /** File of the network namespace in which it is reached. */
  readonly netns?: string;
  readonly passive: boolean;
  /** Seconds: its own, else that of section 'bgp'. */
  readonly holdTime?: number;
  /** Where the key of TCP MD5 (RFC 2385) is: no configuration, record or page has it. */
  readonly passwordFile?: string;
  /** Hops. */
  readonly multihop: number;
  /** Packets from farther than the hops are dropped (RFC 5082). */
  readonly ttlSecurity: boolean;
  readonly nextHop4?: Uint8Array;
  readonly nextHop6?: Uint8Array;
  readonly localPref?: number;
  readonly multiExitDisc?: number;
}
