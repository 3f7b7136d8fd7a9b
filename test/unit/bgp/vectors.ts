/**
 * Messages of real speakers, recorded in November 2026: a TCP client at 10.9.0.1 (AS 65001, both families, route refresh,
 * with the 4-octet AS capability or, where it says "old", without) sent an OPEN and a KEEPALIVE to the daemon at
 * 10.9.0.2 and fd09::2 and wrote down what came back; a KEEPALIVE of type 2 provoked the NOTIFICATION. The
 * daemons were Debian 12's: BIRD 2.0.12 (AS 4200000002), FRR 8.4.4 and GoBGP 3.10.0 (AS 65002). Their routes:
 * 198.51.100.0/24 with 65002:100 and 65002:1:2, 203.0.113.7/32, 2001:db8:2::/48, 2001:db8:3::7/128.
 */

export interface Vector {
  readonly origin: string;
  readonly hex: string;
  /** How it is read: AS numbers of four octets. */
  readonly fourOctetAs: boolean;
  /** As JSON has it: bytes are hexadecimal, maps are lists of pairs. */
  readonly message: unknown;
}

const MARKER = 'f'.repeat(32);

const BOTH_FORWARD_NOT = [
  [4, false],
  [6, false],
];

export const VECTORS: readonly Vector[] = [
  {
    origin: 'BIRD, OPEN with graceful restart and enhanced route refresh',
    hex: `${MARKER}004301045ba000f0c00002022602240104000100010104000200010200400a007800010100000201004104fa56ea0246004700`,
    fourOctetAs: true,
    message: {
      type: 'OPEN',
      open: {
        myAs: 4200000002,
        holdTime: 240,
        bgpIdentifier: 0xc0000202,
        capabilities: {
          multiprotocol: [4, 6],
          routeRefresh: true,
          fourOctetAs: 4200000002,
          gracefulRestart: { restartState: false, restartTime: 120, families: BOTH_FORWARD_NOT },
        },
      },
    },
  },
  {
    origin: 'FRR, OPEN with a parameter for each capability',
    hex: `${MARKER}00700104fdea00b4c00002035302060104000100010206010400020001020280000202020002024600020641040000fdea02020600020a450800010101000201010205490301720002044002c0780210470e0001018000000000020180000000`,
    fourOctetAs: true,
    message: {
      type: 'OPEN',
      open: {
        myAs: 65002,
        holdTime: 180,
        bgpIdentifier: 0xc0000203,
        capabilities: {
          multiprotocol: [4, 6],
          routeRefresh: true,
          fourOctetAs: 65002,
          gracefulRestart: { restartState: true, restartTime: 120, families: [] },
        },
      },
    },
  },
  {
    origin: 'GoBGP, OPEN with extended next hop encoding',
    hex: `${MARKER}004d0104fdea005ac000020430022e0200490402766d0001040001000101040002000141040000fdea400a007800010100000201000506000100010002`,
    fourOctetAs: true,
    message: {
      type: 'OPEN',
      open: {
        myAs: 65002,
        holdTime: 90,
        bgpIdentifier: 0xc0000204,
        capabilities: {
          multiprotocol: [4, 6],
          routeRefresh: true,
          fourOctetAs: 65002,
          gracefulRestart: { restartState: false, restartTime: 120, families: BOTH_FORWARD_NOT },
        },
      },
    },
  },
  {
    origin: 'BIRD, KEEPALIVE',
    hex: `${MARKER}001304`,
    fourOctetAs: true,
    message: { type: 'KEEPALIVE' },
  },
  {
    origin: 'BIRD, NOTIFICATION: Bad Message Length',
    hex: `${MARKER}00170301020013`,
    fourOctetAs: true,
    message: {
      type: 'NOTIFICATION',
      notification: { errorCode: 1, errorSubcode: 2, data: '0013' },
    },
  },
  {
    origin: 'FRR, UPDATE of IPv4 with attributes of two-octet lengths',
    hex: `${MARKER}004d0200000032400101005002000602010000fdea4003040a09000280040400000000c00804fdea0064c0200c0000fdea000000010000000218c63364`,
    fourOctetAs: true,
    message: {
      type: 'UPDATE',
      update: {
        withdrawnRoutes: '',
        pathAttributes: {
          origin: 0,
          asPath: [{ type: 2, value: [65002] }],
          nextHop: '0a090002',
          multiExitDisc: 0,
          communities: [0xfdea0064],
          largeCommunities: [[65002, 1, 2]],
        },
        nlri: '18c63364',
        errors: [],
      },
    },
  },
  {
    origin: 'FRR, UPDATE of IPv6 with a link-local next hop',
    hex: `${MARKER}005c0200000045900e002c00020120fd090000000000000000000000000002fe80000000000000dc7ad4fffe32fcdd003020010db80002400101005002000602010000fdea80040400000000`,
    fourOctetAs: true,
    message: {
      type: 'UPDATE',
      update: {
        withdrawnRoutes: '',
        pathAttributes: {
          mpReach: {
            family: 6,
            nextHop: 'fd090000000000000000000000000002fe80000000000000dc7ad4fffe32fcdd',
            nlri: '3020010db80002',
          },
          origin: 0,
          asPath: [{ type: 2, value: [65002] }],
          multiExitDisc: 0,
        },
        nlri: '',
        errors: [],
      },
    },
  },
  {
    origin: 'BIRD, UPDATE of IPv4 for an old speaker',
    hex: `${MARKER}004c02000000314001010040020402015ba04003040a090002c00804fdea0064c011060201fa56ea02c0200c0000fdea000000010000000218c63364`,
    fourOctetAs: false,
    message: {
      type: 'UPDATE',
      update: {
        withdrawnRoutes: '',
        pathAttributes: {
          origin: 0,
          asPath: [{ type: 2, value: [23456] }],
          nextHop: '0a090002',
          communities: [0xfdea0064],
          as4Path: [{ type: 2, value: [4200000002] }],
          largeCommunities: [[65002, 1, 2]],
        },
        nlri: '18c63364',
        errors: [],
      },
    },
  },
  {
    origin: 'BIRD, two prefixes in one UPDATE, the default route first',
    hex: `${MARKER}0038020000001b4001010040020402015ba04003040a090002c011060201fa56ea020020cb007107`,
    fourOctetAs: false,
    message: {
      type: 'UPDATE',
      update: {
        withdrawnRoutes: '',
        pathAttributes: {
          origin: 0,
          asPath: [{ type: 2, value: [23456] }],
          nextHop: '0a090002',
          as4Path: [{ type: 2, value: [4200000002] }],
        },
        nlri: '0020cb007107',
        errors: [],
      },
    },
  },
  {
    origin: 'GoBGP, UPDATE of IPv6 behind other attributes',
    hex: `${MARKER}0043020000002c4001010240020602010000fdea800e1c00020110fd090000000000000000000000000002003020010db80002`,
    fourOctetAs: true,
    message: {
      type: 'UPDATE',
      update: {
        withdrawnRoutes: '',
        pathAttributes: {
          origin: 2,
          asPath: [{ type: 2, value: [65002] }],
          mpReach: {
            family: 6,
            nextHop: 'fd090000000000000000000000000002',
            nlri: '3020010db80002',
          },
        },
        nlri: '',
        errors: [],
      },
    },
  },
  {
    origin: 'BIRD, End-of-RIB of IPv4',
    hex: `${MARKER}00170200000000`,
    fourOctetAs: true,
    message: {
      type: 'UPDATE',
      update: { withdrawnRoutes: '', pathAttributes: {}, nlri: '', errors: [] },
    },
  },
  {
    origin: 'BIRD, End-of-RIB of IPv6',
    hex: `${MARKER}001d0200000006800f03000201`,
    fourOctetAs: true,
    message: {
      type: 'UPDATE',
      update: {
        withdrawnRoutes: '',
        pathAttributes: { mpUnreach: { family: 6, withdrawnRoutes: '' } },
        nlri: '',
        errors: [],
      },
    },
  },
];

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Marker and length before `hex`, which begins with the type. */
export function framed(hex: string): Uint8Array {
  const body = bytesOf(hex);
  const length = (18 + body.length).toString(16).padStart(4, '0');
  return bytesOf(`${MARKER}${length}${hexOf(body)}`);
}

/** A message as vectors have it. */
export function plain(message: unknown): unknown {
  if (message instanceof Uint8Array) return hexOf(message);
  if (message instanceof Map) return [...message];
  if (Array.isArray(message)) return message.map(plain);
  if (typeof message !== 'object' || message === null) return message;
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, plain(value)]));
}
