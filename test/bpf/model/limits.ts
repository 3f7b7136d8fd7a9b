/** The limits of bpf/domainroute.h (DR_*_MAX) and of bpf/README.md. */

/** Steps of the parser, of the matcher. */
export const STEPS_MAX = 256;
/** CNAME links (Z1). */
export const CHAIN_MAX = 11;
/** Of a message (Z3). */
export const RECORDS_MAX = 128;
/** Bytes read of a message. */
export const MESSAGE_MAX = 4096;
/** New addresses a name and hour (Z3). */
export const ADDRESSES_MAX = 256;
export const TTL_MAX_SECONDS = 86_400;
/** IPv6 extension headers walked. */
export const EXTENSIONS_MAX = 8;
