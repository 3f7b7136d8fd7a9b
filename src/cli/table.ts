/** Tables for people: columns as wide as their widest cell, untrusted bytes escaped (Z6). */
import { printable } from '../model/value.ts';

/** What null is shown as, where it means "any". */
export const ANY = '(any)';

/**
 * One row a line under a header; columns of numbers are aligned right. Ends with a line feed. Ten thousand rows
 * take a few milliseconds: cells are taken as they are, and only if the whole is not plain is each escaped.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const right = header.map((_, i) => typeof rows[0]?.[i] === 'number');
  const cells = rows as readonly (readonly string[])[];
  const texts = right.includes(true) ? rows.map((row) => row.map(String)) : cells;
  const text = layOut(header, texts, right);
  if (PLAIN_LINES.test(text) && countLines(text) === rows.length + 1) return text;
  return layOut(
    header,
    texts.map((row) => row.map(clean)),
    right,
  );
}

const PLAIN_LINES = /^[\x20-\x7e\n]*$/;

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function layOut(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string {
  const last = header.length - 1;
  const widths = header.map((title) => title.length);
  for (const row of rows) {
    for (let i = 0; i <= last; i++) {
      const { length } = row[i] ?? '';
      if (length > (widths[i] ?? 0)) widths[i] = length;
    }
  }
  const blanks = Array.from({ length: Math.max(...widths) + 1 }, (_, n) => ' '.repeat(n));
  const line = (row: readonly string[]): string => {
    let text = '';
    for (let i = 0; i <= last; i++) {
      const cell = row[i] ?? '';
      const pad = blanks[(widths[i] ?? 0) - cell.length] ?? '';
      if (i > 0) text += '  ';
      if (right[i] === true) text += pad + cell;
      else text += i === last ? cell : cell + pad;
    }
    return `${text}\n`;
  };
  let text = line(header);
  for (const row of rows) text += line(row);
  return text;
}

/** One row alone, with its end. */
export function tableRow(cells: readonly string[]): string {
  return `${cells.map(clean).join('  ')}\n`;
}

/** Names come with their odd bytes as \\DDD already: a backslash stays as it is. */
const PLAIN = /^[\x20-\x7e]{0,255}$/;

function clean(text: string): string {
  return PLAIN.test(text) ? text : printable(text, 255);
}

/** Seconds as people say them: 59s, 12m, 3h, 2d. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole}s`;
  if (whole < 7200) return `${Math.round(whole / 60)}m`;
  if (whole < 172800) return `${Math.round(whole / 3600)}h`;
  return `${Math.round(whole / 86400)}d`;
}
