/**
 * The log: a line is one fact, then key=value. Names and addresses of clients are never in it. procd gives each of
 * the two streams its level in the system log.
 */
import { printable } from '../model/value.ts';

export type LogFields = Readonly<Record<string, string | number | undefined>>;

export interface Log {
  /** What happened, as it should. */
  readonly info: (fact: string, fields?: LogFields) => void;
  /** What somebody should look at. */
  readonly problem: (fact: string, fields?: LogFields) => void;
}

const LINE_MAX = 2000;

/** A log on two sinks of lines, of stdout and stderr. */
export function createLog(info: (line: string) => void, problem: (line: string) => void): Log {
  return {
    info: (fact, fields) => info(formatLine(fact, fields)),
    problem: (fact, fields) => problem(formatLine(fact, fields)),
  };
}

function formatLine(fact: string, fields: LogFields = {}): string {
  const pairs = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  );
  return printable([fact, ...pairs].join(' '), LINE_MAX);
}
