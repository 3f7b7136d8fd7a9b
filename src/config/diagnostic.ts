/** What is wrong with the configuration, collected and written. */
import type { Diagnostic } from '../model/rule.ts';
import { printable } from '../model/value.ts';

/** Collects what is found in one section. */
export interface Reporter {
  readonly error: (message: string, option?: string, value?: string) => void;
  readonly warn: (message: string, option?: string, value?: string) => void;
  /** Was there an error? */
  readonly failed: () => boolean;
}

/** A reporter for a section that adds to `diagnostics`. */
export function reporterFor(
  { type, name }: { readonly type: string; readonly name: string },
  diagnostics: Diagnostic[],
): Reporter {
  let failed = false;
  const report =
    (severity: Diagnostic['severity']) =>
    (message: string, option?: string, value?: string): void => {
      failed ||= severity === 'error';
      diagnostics.push({ severity, type, section: name, option, value, message });
    };
  return { error: report('error'), warn: report('warning'), failed: () => failed };
}

/**
 * One line, as firewall4 words it: rule 'video' option 'mark' specifies invalid value '0x1ff/0xff': value has
 * bits outside the mask. What comes from the file is made printable and cut (Z6).
 */
export function formatDiagnostic({
  severity,
  type,
  section,
  option,
  value,
  message,
}: Diagnostic): string {
  const place = `${printable(type)} '${printable(section)}'`;
  if (option === undefined) return `${place} ${message}`;
  const where = `${place} option '${printable(option)}'`;
  if (value === undefined) return `${where} ${message}`;
  return severity === 'error'
    ? `${where} specifies invalid value '${printable(value)}': ${message}`
    : `${where} value '${printable(value)}' ${message}`;
}
