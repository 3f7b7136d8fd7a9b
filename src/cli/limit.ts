/** `--limit N`. */
import { DomainrouteError } from '../base/errors.ts';
import { printable } from '../model/value.ts';

/** Throws DomainrouteError 'usage'. */
export function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DomainrouteError('usage', `Cannot read limit '${printable(text)}': not a whole number`);
}
