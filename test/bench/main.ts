/**
 * `make bench`: all figures, each a ratio or a time within this run. Exit status 0 if all could be measured,
 * whether their goals are met or not; 1 if one could not; 2 for wrong arguments. See README.md.
 */
import { createLab } from '../lab/lab.ts';
import { labObstacle } from '../lab/mocha.ts';
import type { Bench } from './bench.ts';
import { measureCommandLine } from './command-line.ts';
import { measureDaemon } from './daemon.ts';
import { measureDataPath } from './datapath.ts';
import { measureDnstap } from './dnstap.ts';
import { FIGURE_NAMES, figureOf, type FigureName } from './figures.ts';
import { benchHosts, measureForwarding } from './forward.ts';
import { measureLargeList } from './large-list.ts';
import { measureReload } from './reload.ts';
import { printTable, writeJson } from './report.ts';
import { buildTools, DIST } from './tools.ts';

const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  datapath: measureDataPath,
  list: measureLargeList,
  forward: measureForwarding,
  reload: measureReload,
  cli: measureCommandLine,
  daemon: measureDaemon,
  dnstap: measureDnstap,
};

async function measure(groups: readonly string[], quick: boolean): Promise<boolean> {
  const values = new Map<FigureName, number>();
  const notes: string[] = [];
  let whole = true;
  const tools = buildTools();
  const lab = await createLab({ masquerade: true, hosts: benchHosts() });
  const bench: Bench = {
    lab,
    tools,
    quick,
    record: (name, value) => {
      if (!Number.isFinite(value)) throw new Error(`Cannot measure ${name}: it is ${value}`);
      values.set(name, value);
    },
    note: (text) => notes.push(text),
  };
  try {
    for (const name of groups) {
      const start = performance.now();
      try {
        await GROUPS[name]?.(bench);
      } catch (error) {
        whole = false;
        console.error(`bench: ${name}: ${error instanceof Error ? error.message : String(error)}`);
        await lab.cli('stop');
      }
      console.error(`bench: ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  } finally {
    await lab.close();
  }
  const figures = FIGURE_NAMES.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [figureOf(name, value)];
  });
  printTable(figures);
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
  writeJson(`${DIST}/bench.json`, figures);
  return whole;
}

async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes('--quick');
  const groups = args.filter((arg) => arg !== '--quick');
  const unknown = groups.find((group) => !Object.hasOwn(GROUPS, group));
  if (unknown !== undefined) {
    console.error(
      `bench: Cannot measure '${unknown}': known are ${Object.keys(GROUPS).join(', ')}`,
    );
    return 2;
  }
  const obstacle = labObstacle(['taskset', 'chrt', 'clang', 'cc']);
  if (obstacle !== undefined) {
    console.error(`bench: Cannot measure: ${obstacle}`);
    return 1;
  }
  return (await measure(groups.length > 0 ? groups : Object.keys(GROUPS), quick)) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
