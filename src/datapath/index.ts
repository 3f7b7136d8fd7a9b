/** The data path in the kernel, as the control plane sees it. */
import * as libbpf from '#libbpf-ts';

export * from './constants.ts';
export { planAttachment, type Attachment } from './attachment.ts';
export { readConfig } from './config-map.ts';
export { deleteConnections, readConnections } from './conntrack.ts';
export { readCounters, readReasons, readUsage, type Count, type Usage } from './counts.ts';
export { type Connection } from './ctnetlink.ts';
export { decisionMaps, type DecisionMaps } from './decision-maps.ts';
export { watchEvents } from './events.ts';
export {
  FACT_LAYOUT,
  factMaps,
  factParts,
  monotonicNow,
  type Entries,
  type FactMaps,
} from './fact-maps.ts';
export { PAIR, type Action, type Config, type Event } from './layouts.ts';
export { updateInterfaces, type CellInterfaces } from './interface-cells.ts';
export {
  planLinks,
  readLinks,
  removeLink,
  type AttachDevice,
  type Cgroup,
  type LinkPlan,
  type LinkState,
  type Role,
} from './links.ts';
export { openLibbpf } from './libbpf.ts';
export { watchNetworkEvents, type NetworkChange } from './network-events.ts';
export { Maps, MAP_NAMES, notRunning, type MapName } from './maps.ts';
export { loadPrograms, type ProgramName } from './objects.ts';
export { pinMaps } from './pin-maps.ts';
export {
  checkBpffs,
  hasPins,
  listPins,
  makePinDirectories,
  pinsBelow,
  removePins,
  type Pins,
} from './pins.ts';
export { forgetVersion } from './programs.ts';
export { planProtected, type ProtectedUpdate } from './protected-map.ts';
export { protectedEntries, type OwnAddresses, type ProtectedEntries } from './protected.ts';
export type { RuleCell, RuleImage } from './rule-image.ts';
export {
  readLiveRules,
  stageRules,
  voidVerdicts,
  type LiveRules,
  type RuleSettings,
  type StagedRules,
} from './rule-tables.ts';
export { takeFacts } from './take-facts.ts';
export {
  teachFact,
  teachLink,
  type TaughtFact,
  type TaughtLink,
  type TaughtResult,
} from './teach.ts';
export { readVerdicts, type Verdict } from './verdict-maps.ts';

/** Locks an open file, unless another one has it. openLibbpf comes first. */
export function tryLock(fd: number): boolean {
  return libbpf.flock(fd, false);
}

/** The calls on sockets that Node lacks, for sessions over TCP. openLibbpf comes before their use. */
export const socketCalls = {
  openTcpSocket: libbpf.openTcpSocket,
  bindSocket: libbpf.bindSocket,
  acceptMappedIpv4: libbpf.acceptMappedIpv4,
  setMd5Key: libbpf.setMd5Key,
  setTtl: libbpf.setTtl,
  requireTtl: libbpf.requireTtl,
  saveSyn: libbpf.saveSyn,
  synTtl: libbpf.synTtl,
};
