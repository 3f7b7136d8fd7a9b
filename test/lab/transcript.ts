/** Prints what is done as a terminal would show it, and keeps count of what did not hold. */
import type { Host } from './host.ts';
import type { RunResult } from './protocol.ts';

const COLOURS = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number, text: string): string =>
  COLOURS ? `\x1b[${code}m${text}\x1b[0m` : text;

export class Transcript {
  #failures = 0;

  get failures(): number {
    return this.#failures;
  }

  heading(text: string): void {
    console.log(`\n${paint(1, text)}`);
  }

  say(text: string): void {
    console.log(indented(text));
  }

  /** Runs a program on a host and shows it; `shown` stands for a long command line. */
  async run(
    host: Host,
    argv: readonly string[],
    shown = argv.map(quoted).join(' '),
  ): Promise<RunResult> {
    console.log(`  ${paint(36, `${host.name}${host.name === 'router' ? '#' : '$'} ${shown}`)}`);
    const result = await host.run(argv);
    const text = `${result.stdout}${result.stderr}`.trimEnd();
    if (text !== '') console.log(indented(text));
    return result;
  }

  /** ✔ if it holds, else ✘ with what was there instead. */
  claim(text: string, holds: boolean, instead?: unknown): void {
    if (holds) {
      console.log(`  ${paint(32, '✔')} ${text}`);
      return;
    }
    this.#failures++;
    const found = instead === undefined ? '' : `: ${JSON.stringify(instead)}`;
    console.log(`  ${paint(31, '✘')} ${text}${found}`);
  }
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
