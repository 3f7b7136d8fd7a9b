/** What a verb of the command line is. */
import type { Settings } from '../control/settings.ts';

export interface OptionSpec {
  /** Long name without the dashes. */
  readonly name: string;
  /** What its value is called in the help; undefined: a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  readonly summary: string;
}

/** Where a command's words go. */
export interface Output {
  /** Data, to stdout. Whole lines. */
  readonly out: (text: string) => void;
  /** Talk, to stderr: one line without its end. */
  readonly err: (line: string) => void;
}

export interface Invocation extends Output {
  readonly settings: Settings;
  readonly json: boolean;
  /** What is neither the verb nor an option. */
  readonly operands: readonly string[];
  /** The value of an option, the last one if there are many. */
  readonly value: (name: string) => string | undefined;
  /** All values of an option. */
  readonly values: (name: string) => readonly string[];
  /** Every option that was given, but for the global ones. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

export interface Command {
  /** The words: 'start', 'rule add'. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Behind the name in the usage line. */
  readonly usage?: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** How many operands it takes, at least and at most. */
  readonly operands: readonly [number, number];
  readonly options?: readonly OptionSpec[];
  /** Behind the summary in the help of this command. */
  readonly details?: string;
  /**
   * The exit status. Throws DomainrouteError. What does the work is imported here and not before: a command
   * loads no more than it needs.
   */
  run(invocation: Invocation): Promise<number>;
}
