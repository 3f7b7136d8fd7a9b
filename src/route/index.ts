/** Routing tables, ip rules and the nft table of targets. */
export { applyRouting, removeRouting } from './apply-routing.ts';
export { runCommand, type CommandResult, type Runner } from './command.ts';
export { type Device, type DeviceAddress } from './device.ts';
export { PROTOCOL, readDevices, readRouting, type KernelRouting } from './kernel-routing.ts';
export { planRouting, type IpBatch } from './plan-routing.ts';
export { removeFile, replaceFile, stageFile } from './replace-file.ts';
export {
  applyStickiness,
  removeStickiness,
  renderTable,
  stickinessObstacle,
} from './stickiness.ts';
export {
  targetMark,
  TARGETS_MAX,
  type RoutingOptions,
  type Target,
  type TargetRoute,
  type TargetRoutes,
} from './target.ts';
