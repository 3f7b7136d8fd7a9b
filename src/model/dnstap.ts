/** `config dnstap`: resolvers elsewhere that tell us their answers. */

/** Of Message.Type of dnstap.proto those that carry an answer. */
export type AnswerType =
  `${'AUTH' | 'RESOLVER' | 'CLIENT' | 'FORWARDER' | 'STUB' | 'TOOL'}_RESPONSE`;

export type DnstapListen =
  | { readonly unix: { readonly path: string; readonly group?: string } }
  | { readonly tcp: { readonly address: string; readonly port: number } };

export interface DnstapSource {
  readonly section: string;
  readonly enabled: boolean;
  readonly listen: DnstapListen;
  /** At least one. */
  readonly messageTypes: readonly AnswerType[];
  /** A fact is of the client that asked; otherwise of any. */
  readonly client: boolean;
}
