/** Routing tables, ip rules and the nft table of targets. */
export { applyRouting, removeRouting, type RoutingReport } from './apply-routing.ts';
export { runCommand, type CommandResult, type Runner } from './command.ts';
export { readRouting, type KernelRouting } from './kernel-routing.ts';
export { planRouting, type IpBatch } from './plan-routing.ts';
export {
  applyStickiness,
  removeStickiness,
  renderTable,
  stickinessObstacle,
} from './stickiness.ts';
export { targetMark, TARGETS_MAX, type RoutingOptions, type Target } from './target.ts';
