/** libuci's writer (file.c: uci_export_package without a header): what `uci commit` leaves in the file. */
import type { UciPackage } from './package.ts';

/** The content of the file, text of {@link UciPackage.encoding}. */
export function formatUci({ sections }: UciPackage): string {
  const lines: string[] = [];
  for (const { type, name, anonymous, options } of sections) {
    lines.push('', `config ${escape(type)}${anonymous ? '' : ` '${escape(name)}'`}`);
    for (const [option, value] of options) {
      if (typeof value === 'string') lines.push(`\toption ${option} '${escape(value)}'`);
      else for (const item of value) lines.push(`\tlist ${option} '${escape(item)}'`);
    }
  }
  lines.push('', '');
  return lines.join('\n');
}

function escape(text: string): string {
  return text.includes("'") ? text.replaceAll("'", String.raw`'\''`) : text;
}
