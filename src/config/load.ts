/** The configuration of a directory, /etc/config on a router. */
import { packagePath, readPackage, UciSyntaxError } from '#uci-parser';
import { DomainrouteError, errnoOf, messageOf } from '../base/errors.ts';
import type { Configuration } from '../model/rule.ts';
import { printable } from '../model/value.ts';
import { parseConfiguration } from './parse.ts';

/** The UCI package, and so the name of the file. */
export const PACKAGE = 'domainroute';

/** Throws DomainrouteError 'config' where the file cannot be read or is no UCI; what is in it never throws. */
export function loadConfiguration(directory: string): Configuration {
  try {
    return parseConfiguration(readPackage(directory, PACKAGE));
  } catch (error) {
    const path = printable(packagePath(directory, PACKAGE), 255);
    if (error instanceof UciSyntaxError) {
      const place = `${path}:${error.line}:${error.column}`;
      throw unreadable(place, `${error.reason} (mend that line, nothing was changed)`, error);
    }
    if (errnoOf(error) === undefined) throw error;
    throw unreadable(path, stateOf(error), error);
  }
}

function stateOf(error: unknown): string {
  switch (errnoOf(error) ?? '') {
    case 'ENOENT':
      return 'no such file (create it, or say where it is with --config DIR)';
    case 'EACCES':
      return 'permission denied (are you root?)';
    case 'EINVAL':
      return 'not a regular file';
    default:
      return printable(messageOf(error), 255);
  }
}

function unreadable(place: string, state: string, cause: unknown): DomainrouteError {
  return new DomainrouteError('config', `Cannot read configuration '${place}': ${state}`, {
    cause,
  });
}
