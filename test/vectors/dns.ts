/** DNS messages and pieces of them, with their origin. */

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s+/g, ''), 'hex');

/**
 * Answers captured on loopback, 2026-11-21. unbound 1.17.1 (Debian 12) answered from `local-data`, BIND 9.18.49
 * (Debian 12) from a zone:
 *
 *     www CNAME cdn            svc   HTTPS 1 edge.cdn alpn=h2,h3 ipv4hint=203.0.113.80,203.0.113.81
 *     cdn 60 CNAME Edge.cdn                          ipv6hint=2001:db8:113::80
 *     edge.cdn A 203.0.113.80, A 203.0.113.81, AAAA 2001:db8:113::80
 *                              alias HTTPS 0 svc
 */
export const ANSWERS = {
  /** unbound: v4.example.com A */
  twoAddresses: hex(`
    1234 8580 0001 0002 0000 0000 027634 076578616d706c65 03636f6d 00 0001 0001
    c00c 0001 0001 0000012c 0004 cb007151
    c00c 0001 0001 0000012c 0004 cb007150`),
  /** unbound: v6.example.com AAAA */
  ipv6: hex(`
    1234 8580 0001 0001 0000 0000 027636 076578616d706c65 03636f6d 00 001c 0001
    c00c 001c 0001 00000e10 0010 20010db8011300000000000000000080`),
  /** unbound: svc.example.com HTTPS 1 . alpn=h2,h3 ipv4hint=203.0.113.80 ipv6hint=2001:db8:113::80 */
  httpsOfItself: hex(`
    1234 8580 0001 0001 0000 0000 03737663 076578616d706c65 03636f6d 00 0041 0001
    c00c 0041 0001 0000003c 0029 0001 00 0001 0006 026832026833
    0004 0004 cb007150 0006 0010 20010db8011300000000000000000080`),
  /** BIND: WwW.eXample.com A; the question keeps the case that was sent, the owner that of the zone */
  chain: hex(`
    1234 8500 0001 0004 0001 0001 03577757 076558616d706c65 03636f6d 00 0001 0001
    03777777 076578616d706c65 03636f6d 00 0005 0001 0000012c 0006 0363646e c025
    c03c 0005 0001 0000003c 0007 0445646765 c03c
    0465646765 c03c 0001 0001 0000012c 0004 cb007151
    c055 0001 0001 0000012c 0004 cb007150
    c025 0002 0001 0000012c 0005 026e73 c025
    c086 0001 0001 0000012c 0004 cb007135`),
  /** BIND: svc.example.com HTTPS; addresses of its target in the additional section */
  https: hex(`
    1234 8500 0001 0001 0001 0004 03737663 076578616d706c65 03636f6d 00 0041 0001
    c00c 0041 0001 0000012c 0042 0001 0465646765 0363646e 076578616d706c65 03636f6d 00
    0001 0006 026832026833 0004 0008 cb007150cb007151 0006 0010 20010db8011300000000000000000080
    c010 0002 0001 0000012c 0005 026e73 c010
    c02f 0001 0001 0000012c 0004 cb007150
    c02f 0001 0001 0000012c 0004 cb007151
    c07b 0001 0001 0000012c 0004 cb007135
    c02f 001c 0001 0000012c 0010 20010db8011300000000000000000080`),
} as const;

/** RFC 1035 §4.1.4, its example: four names, and the offsets where they begin. */
export const COMPRESSED_NAMES = {
  message: Buffer.concat([
    Buffer.alloc(20),
    hex('0146 03495349 0441525041 00'), // 20
    Buffer.alloc(8),
    hex('03464f4f c014'), // 40
    Buffer.alloc(18),
    hex('c01a'), // 64
    Buffer.alloc(26),
    hex('00'), // 92
  ]),
  names: [
    { offset: 20, name: 'f.isi.arpa', end: 32 },
    { offset: 40, name: 'foo.f.isi.arpa', end: 46 },
    { offset: 64, name: 'arpa', end: 66 },
    { offset: 92, name: '.', end: 93 },
  ],
} as const;

/** RFC 9460 appendix D.2 and D.3: RDATA of SVCB. */
export const SERVICE_DATA = {
  /** Figure 4: 16 foo.example.com. port=53 */
  port: hex('0010 03666f6f076578616d706c6503636f6d00 0003 0002 0035'),
  /** Figure 5: 1 foo.example.com. key667=hello */
  unknownKey: hex('0001 03666f6f076578616d706c6503636f6d00 029b 0005 68656c6c6f'),
  /** Figure 7: 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1" */
  twoHints: hex(`0001 03666f6f076578616d706c6503636f6d00 0006 0020
    20010db8000000000000000000000001 20010db8000000000000000000530001`),
  /** Figure 9: 16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1) */
  mandatory: hex(`0010 03666f6f076578616d706c65036f726700 0000 0004 00010004
    0001 0009 026832 0568332d3139 0004 0004 c0000201`),
} as const;
