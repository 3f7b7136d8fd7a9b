/** What went wrong with a sender. */
export type DnstapErrorCode =
  | 'frame' // a length over the limit, or a stream that ends within a frame
  | 'control' // a control frame that cannot be read, or not at this place
  | 'content-type' // a stream of something else than dnstap
  | 'payload' // a data frame that is no dnstap message; the stream goes on
  | 'timeout' // no handshake for too long
  | 'full' // more senders than there may be
  | 'socket' // the system's error is the cause
  | 'consumer'; // onMessage failed; its error is the cause

export class DnstapError extends Error {
  readonly code: DnstapErrorCode;

  constructor(code: DnstapErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DnstapError';
    this.code = code;
  }
}
