/** The figures as a table for people, and as dist/bench.json. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { FIGURES, isMet, type Figure } from './figures.ts';

export function printTable(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    sign(figure),
    figure.name,
    number(figure.value),
    figure.goal === null ? '' : `${figure.direction === 'max' ? '≤' : '≥'} ${figure.goal}`,
    figure.unit,
    FIGURES[figure.name].meaning,
  ]);
  const header = ['', 'FIGURE', 'VALUE', 'GOAL', 'UNIT', 'WHAT'];
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 2 ? cell.padStart(width) : cell.padEnd(width);
    });
    console.log(cells.join('  ').trimEnd());
  }
  const missed = figures.filter((figure) => isMet(figure) === false);
  const goals = figures.filter(({ goal }) => goal !== null).length;
  console.log(
    missed.length === 0
      ? `\nAll ${goals} goals are met.`
      : `\n${missed.length} of ${goals} goals are missed: ${missed.map(({ name }) => name).join(', ')}`,
  );
}

export function writeJson(path: string, figures: readonly Figure[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ figures }, null, 2)}\n`);
}

function sign(figure: Figure): string {
  const met = isMet(figure);
  return met === undefined ? ' ' : met ? '✔' : '✘';
}

function number(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
}
