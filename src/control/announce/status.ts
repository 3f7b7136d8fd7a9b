/** The JSON shapes of `bgp` and `routes`, of the command line and of ubus. */

export interface BgpNeighbor {
  /** UCI section. */
  readonly section: string;
  readonly address: string;
  readonly asn: number;
  /** Of RFC 4271 §8.2.2: Idle, Connect, Active, OpenSent, OpenConfirm, Established. */
  readonly state: string;
  /** Whole seconds in Established, else null. */
  readonly uptime: number | null;
  /** 4 and 6, those that both speak. */
  readonly families: readonly number[];
  /** Seconds, as both agreed; null: not connected. */
  readonly hold_time: number | null;
  readonly announced: number;
  readonly pending: number;
  readonly sent: { readonly messages: number; readonly updates: number };
  readonly received: { readonly messages: number; readonly updates: number };
  readonly last_error: string | null;
}

export interface DnstapSourceStatus {
  readonly section: string;
  readonly senders: number;
  readonly messages: number;
  readonly malformed: number;
}

export interface BgpStatus {
  /** False: nothing below says anything. */
  readonly enabled: boolean;
  readonly asn: number;
  readonly router_id: string;
  readonly routes: number;
  /** Offers that found no room: more than `max_routes`, or than 256 of a name. */
  readonly refused: number;
  readonly neighbors: readonly BgpNeighbor[];
  /** Where answers come from, beside our own data path. */
  readonly dnstap: readonly DnstapSourceStatus[];
}

export interface RouteRow {
  readonly prefix: string;
  readonly name: string;
  /** UCI section. */
  readonly rule: string;
  readonly communities: readonly string[];
  /** Whole seconds. */
  readonly expires_in: number;
}
