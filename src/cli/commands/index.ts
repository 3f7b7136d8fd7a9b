/** Every command, in the order of the help. */
import type { Command } from '../command.ts';
import { bgpCommand } from './bgp.ts';
import { checkCommand } from './check.ts';
import { decisionsCommand } from './decisions.ts';
import { explainCommand } from './explain.ts';
import { monitorCommand } from './monitor.ts';
import { rdnsCommand } from './rdns.ts';
import { reloadCommand } from './reload.ts';
import { routesCommand } from './routes.ts';
import { ruleCommands } from './rule.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { stopCommand } from './stop.ts';

export const commands: readonly Command[] = [
  startCommand,
  stopCommand,
  reloadCommand,
  statusCommand,
  checkCommand,
  ...ruleCommands,
  rdnsCommand,
  decisionsCommand,
  explainCommand,
  monitorCommand,
  bgpCommand,
  routesCommand,
];
