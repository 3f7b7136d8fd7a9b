/** `config bgp` and `config neighbor` sections. */
import type { UciSection } from '#uci-parser';
import { formatAddress, isMapped } from '../model/address.ts';
import type { BgpOptions, Neighbor } from '../model/bgp.ts';
import type { Diagnostic } from '../model/rule.ts';
import { reporterFor, type Reporter } from './diagnostic.ts';
import { BGP, NEIGHBOR } from './options.ts';
import { readSection, type SectionValues } from './section.ts';

/** RFC 6793 §9: stands for numbers of four octets, and is nobody's. */
const AS_TRANS = 23456;

/** Of ip-netns(8). */
const NETNS_DIRECTORY = '/var/run/netns';

/** Undefined: there is none, or it has an error. */
export function readBgp(
  sections: readonly UciSection[],
  diagnostics: Diagnostic[],
): BgpOptions | undefined {
  const section = sections.find(({ type }) => type === BGP.type);
  if (section === undefined) return undefined;
  const report = reporterFor(section, diagnostics);
  const values = readSection(BGP, section.options, report);
  checkAsn(values.asn, report);
  checkHoldTime(values.hold_time, report);
  checkUnicast('router_id', values.router_id, report);
  if (report.failed()) return undefined;
  const { asn, router_id: routerId } = values;
  if (asn === undefined || routerId === undefined) {
    report.error("needs option 'asn' and option 'router_id'");
    return undefined;
  }
  return {
    enabled: values.enabled,
    asn,
    routerId,
    listen: values.listen,
    port: values.port,
    holdTime: values.hold_time,
    gracefulRestartSeconds: values.graceful_restart,
    maxRoutes: values.max_routes,
  };
}

/** Without `bgp` they are read as well, and told that they have no effect. */
export function readNeighbors(
  sections: readonly UciSection[],
  bgp: BgpOptions | undefined,
  diagnostics: Diagnostic[],
): readonly Neighbor[] {
  const neighbors: Neighbor[] = [];
  for (const section of sections) {
    if (section.type !== NEIGHBOR.type) continue;
    const report = reporterFor(section, diagnostics);
    const neighbor = makeNeighbor(section, bgp, report);
    if (neighbor === undefined) continue;
    const other = neighbors.find((each) => each.enabled && isSamePeer(each, neighbor));
    if (neighbor.enabled && other !== undefined) {
      report.error(`is the neighbour of section '${other.section}' once more`);
      continue;
    }
    if (bgp === undefined) report.warn("has no effect without a section 'bgp'");
    else if (neighbor.enabled && neighbor.passive && bgp.listen.length === 0) {
      report.warn("waits in vain: section 'bgp' has no option 'listen'", 'passive', '1');
    }
    neighbors.push(neighbor);
  }
  return neighbors;
}

function makeNeighbor(
  section: UciSection,
  bgp: BgpOptions | undefined,
  report: Reporter,
): Neighbor | undefined {
  const values = readSection(NEIGHBOR, section.options, report);
  checkNeighbor(values, report);
  // what is invalid is not missing as well
  if (report.failed()) return undefined;
  const { address, asn } = values;
  if (address === undefined || asn === undefined) {
    report.error("needs option 'address' and option 'asn'");
    return undefined;
  }
  const { local_address: localAddress, netns, password_file, next_hop, next_hop6 } = values;
  const { ttl_security: ttlSecurity, med, local_pref: localPref } = values;
  const holdTime = values.hold_time ?? bgp?.holdTime;
  return {
    section: section.name,
    enabled: values.enabled,
    address,
    asn,
    port: values.port,
    passive: values.passive,
    multihop: ttlSecurity === 0 ? values.multihop : ttlSecurity,
    ttlSecurity: ttlSecurity !== 0,
    ...(localAddress !== undefined && { localAddress }),
    ...(netns !== undefined && { netns: `${NETNS_DIRECTORY}/${netns}` }),
    ...(holdTime !== undefined && { holdTime }),
    ...(password_file !== undefined && { passwordFile: password_file }),
    ...(next_hop !== undefined && { nextHop4: next_hop }),
    ...(next_hop6 !== undefined && { nextHop6: next_hop6 }),
    ...(localPref !== undefined && { localPref }),
    ...(med !== undefined && { multiExitDisc: med }),
  };
}

function checkNeighbor(values: SectionValues<typeof NEIGHBOR>, report: Reporter): void {
  const { address, local_address: local } = values;
  checkAsn(values.asn, report);
  checkHoldTime(values.hold_time, report);
  checkUnicast('address', address, report);
  checkUnicast('local_address', local, report);
  checkUnicast('next_hop', values.next_hop, report);
  checkUnicast('next_hop6', values.next_hop6, report);
  if (address !== undefined && local !== undefined && isMapped(address) !== isMapped(local)) {
    report.error(
      `is not of the family of ${formatAddress(address)}`,
      'local_address',
      formatAddress(local),
    );
  }
  if (values.ttl_security !== 0 && values.multihop !== 1) {
    report.error("has both option 'ttl_security' and option 'multihop': remove one of them");
  }
}

function checkAsn(asn: number | undefined, report: Reporter): void {
  if (asn === AS_TRANS) report.error('is reserved (AS_TRANS)', 'asn', String(asn));
}

/** RFC 4271 §4.2. */
function checkHoldTime(seconds: number | undefined, report: Reporter): void {
  if (seconds === 1 || seconds === 2) {
    report.error('must be 0, or 3 and more', 'hold_time', String(seconds));
  }
}

/** Link-local addresses need an interface, which nothing here can name. */
function checkUnicast(option: string, address: Uint8Array | undefined, report: Reporter): void {
  if (address === undefined) return;
  const [first = 0, second = 0] = isMapped(address) ? address.subarray(12) : address;
  const isUnusable = isMapped(address)
    ? first === 0 || first >= 224 || (first === 169 && second === 254)
    : address.every((byte) => byte === 0) ||
      first === 0xff ||
      (first === 0xfe && (second & 0xc0) === 0x80);
  if (!isUnusable) return;
  const message = 'must be the address of one host, and no link-local one';
  report.error(message, option, formatAddress(address));
}

/** A listener cannot tell two with the same address apart. */
function isSamePeer(a: Neighbor, b: Neighbor): boolean {
  return a.netns === b.netns && Buffer.compare(a.address, b.address) === 0;
}
