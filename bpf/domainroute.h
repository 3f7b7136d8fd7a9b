/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel programs and the control plane share: the keys and values
 * of the maps, flags and reason numbers. src/datapath/layouts.ts is the other
 * side; a test compares both through the BTF of the built objects.
 *
 * Integers are in host byte order (little-endian machines only), but for
 * those typed __be16 and __be32. Times are nanoseconds of CLOCK_MONOTONIC.
 * A layout that changes needs a new DR_SCHEMA: pins live below v<schema>/.
 */
#ifndef DOMAINROUTE_H
#define DOMAINROUTE_H

#include <linux/types.h>

#define DR_SCHEMA		1

#define DR_NAME_MAX		255	/* RFC 1035 §2.3.4, with the root */
#define DR_LABELS_MAX		127	/* (255 - 1) / 2 */
#define DR_CHAIN_MAX		11	/* CNAME links followed (Z1) */
#define DR_RECORDS_MAX		128	/* records read of a message (Z3) */
#define DR_STEPS_MAX		256	/* steps of the parser, of the matcher */
#define DR_MESSAGE_MAX		4096	/* bytes read of a message */
#define DR_ADDRESSES_MAX	256	/* new addresses a name and hour (Z3) */
#define DR_NAMES		8192	/* entries of `names`, 2^13 */
#define DR_CELLS		4096	/* entries of `actions`, two halves */
#define DR_RULES		1024	/* entries of `counters` */
#define DR_EPOCHS		4096	/* power of two */
#define DR_TTL_MAX		86400	/* seconds (Z3) */
#define DR_RECENTS		1024	/* 2^10; 96 bytes each, per CPU */

/*
 * An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
 * As a client it can also be, in the discard-only prefix 100::/64 and beside
 * it (RFC 6666), which no packet on a wire has as its source:
 *   ::                  any client
 *   100::MAC            the device with this MAC address, in the last 6 bytes
 *   100:0:0:1::IFINDEX  whoever is behind this interface, in the last 4 bytes
 *                       (in `clients` only)
 */
struct address {
	__be32 word[4];
};

/* Key of `facts` and `strays`. */
struct pair {
	struct address client;
	struct address address;
};

/* The one value of `config`. */
struct config {
	__u32 generation;	/* of the rules: 1 and up */
	__u32 mark_mask;	/* the bits of skb->mark that are ours */
	__u64 seed;		/* of every hash of a name */
	__u64 hold;		/* a fact outlives its last use by this, ns */
	__u32 levels;		/* bit k: there are rules of k labels, 31: of
				 * more; bit 0: exact ones */
	__u32 max_labels;	/* labels of the deepest suffix rule */
};

/* Key of `pending`: who asked whom. */
struct exchange {
	struct address client;
	struct address server;
	__be16 client_port;
	__be16 server_port;
	__be16 id;
	__u8 protocol;		/* IPPROTO_UDP or IPPROTO_TCP */
	__u8 side;		/* enum side */
};

enum side {
	SIDE_LAN = 0,
	SIDE_WAN = 1,
};

/* Value of `pending`: what was asked, when, and for whom. */
struct query {
	__u64 question;		/* hash of QNAME as sent, QTYPE, QCLASS */
	__u64 time;
	struct address client;	/* whom the answer will teach for */
};

/*
 * Value of `facts` (a rule matched the name, or one of its chain, when it was
 * learnt) and `strays` (none did): this client was told that this name is at
 * this address. Valid until the later of `expires` and last_seen + hold.
 */
struct fact {
	__u64 told;		/* the newest answer */
	__u64 expires;		/* told + TTL */
	__u64 last_seen;	/* last use in a verdict, at first = told */
	__u64 hash;		/* of the whole name, key of its alias */
	__u16 name_length;	/* with the root */
	__u8 source;		/* enum source */
	__u8 pad[5];
	__u8 name[256];		/* wire form, lower-cased, then zeros */
};

enum source {
	SOURCE_LAN = 0,		/* an answer to a client */
	SOURCE_WAN = 1,		/* an answer to the router itself */
	SOURCE_STATE = 2,	/* kept over a restart */
	SOURCE_DNSTAP = 3,
	SOURCE_SYNC = 4,
};

/* Value of `aliases` and `stray_aliases`; the key is the owner's hash. */
struct alias {
	__u64 told;
	__u64 hash;		/* of the target */
	__u16 name_length;
	__u8 pad[6];
	__u8 name[256];		/* the target of the CNAME, as in a fact */
};

/*
 * `rules` is an array of one map: hash of a name suffix (__u64) to the first
 * cell (__u32) of the rules that name it, in the order of the configuration.
 * The key 0 holds the first cell of the default rules.
 *
 * Value of `actions`: a cell is one rule in one such list. Cell 0 is never
 * used, so 0 ends a list. The two halves are written in turns, so that a cell
 * in use never changes.
 */
struct action {
	__u32 rule;		/* index into `counters`, 1 and up */
	__u32 next;		/* cell of the next rule of the list, or 0 */
	__u32 mark;
	__u32 mask;		/* which bits of the packet's mark it sets */
	__u32 ifindex;		/* what ACTION_LOCAL_BIND binds to, or 0 */
	__u32 flags;		/* ACTION_* */
	char section[64];	/* UCI section, NUL-terminated */
	char interface[32];	/* netifd interface or device, NUL-terminated */
};

#define ACTION_CLIENTS		(1 << 0) /* only for those in `clients` */
#define ACTION_PRIVATE		(1 << 1) /* private addresses, too (Z2) */
#define ACTION_BLOCK		(1 << 2) /* its mark leads to `prohibit` */
#define ACTION_LOCAL_MARK	(1 << 3) /* mark the router's own sockets */
#define ACTION_LOCAL_BIND	(1 << 4) /* bind the router's own sockets */
#define ACTION_FALLBACK_MAIN	(1 << 5) /* its table has no kill switch */
#define ACTION_DROP		(1 << 6) /* `option on_change 'drop'` */
#define ACTION_ANNOUNCE		(1 << 7) /* announced over BGP, by the daemon */

/* Key of `clients`, an LPM trie: a rule's `list client`. */
struct client_key {
	__u32 prefixlen;	/* 32 for the cell + that of the client */
	__u32 cell;
	struct address client;
};

/* Key of `protected`, an LPM trie (Z2). */
struct protected_key {
	__u32 prefixlen;
	struct address address;
};

enum protected_class {		/* __u32 value of `protected` */
	PROTECTED_NEVER = 1,	/* teaches nothing, no rule matches */
	PROTECTED_PRIVATE = 2,	/* only rules with ACTION_PRIVATE match */
	PROTECTED_OPEN = 3,	/* an exception inside a wider prefix */
};

/*
 * Value of `verdicts`: what was decided for this client and address. The key
 * is a __u64 folded from the pair (bpf/README.md), for the speed of hashing 8
 * bytes instead of 32; the pair itself is here, and one that differs is taken
 * for no verdict. Also the value of `recents`, the per-CPU front of
 * `verdicts`: there `packets` and `bytes` are what is not added there yet.
 */
struct verdict {
	struct pair pair;
	__u64 stamp;		/* generation << 32 | epoch of the address */
	__u64 expires;		/* decide again then */
	__u32 rule;		/* 0: none */
	__u32 flags;		/* ACTION_* */
	__u32 mark;
	__u32 mask;
	__u32 ifindex;
	__u32 tick;		/* in `recents`: jiffies when last_seen was set */
	__u64 packets;
	__u64 bytes;		/* IP packets, with their headers */
	__u64 last_seen;
};

/* Value of `counters`, per CPU, by rule; entry 0 counts what no rule took. */
struct counter {
	__u64 packets;
	__u64 bytes;
};

/*
 * Value of `names`: how many addresses a name brought a client. An array by
 * the upper 13 bits of `key`; whoever comes next takes the place.
 */
struct budget {
	__u64 key;		/* hash of name and client */
	__u64 since;
	__u64 used;
};

/* A record of the ring buffer `events`. */
struct event {
	__u32 kind;		/* enum event_kind */
	__u32 rule;		/* of a verdict; 0: none */
	__u64 time;
	__u64 expires;		/* of the fact (its TTL) or the verdict */
	struct pair pair;
	__u16 name_length;	/* 0: no name known */
	__u8 source;
	__u8 pad[5];
	__u8 name[256];
};

enum event_kind {
	EVENT_FACT = 1,		/* a new fact, or another name */
	EVENT_VERDICT = 2,	/* a verdict that did not stand before */
};

/* Why a packet did not go further; index of `reasons`. Append only. */
enum reason {
	REASON_NONE = 0,
	REASON_QUERY_NOTED,
	REASON_FACT_LEARNT,	/* new, or with another name */
	REASON_FACT_REFRESHED,
	REASON_NOT_IP,
	REASON_SHORT_PACKET,	/* a header does not fit the packet */
	REASON_FRAGMENT,	/* a fragment of, or to, port 53 cannot be read */
	REASON_LENGTH,		/* IP, UDP and TCP lengths disagree (W2) */
	REASON_SEGMENTED,	/* DNS over TCP that does not fit one segment */
	REASON_SHORT_MESSAGE,
	REASON_NOT_QUERY,	/* to port 53, but no plain query */
	REASON_NOT_ANSWER,	/* QR=0 or opcode≠0 (W2) */
	REASON_TRUNCATED,	/* TC (W2) */
	REASON_RCODE,		/* rcode≠0 (W2) */
	REASON_QDCOUNT,		/* ≠1 (W2) */
	REASON_BAD_NAME,	/* reserved label type, loop, over 255 bytes */
	REASON_QTYPE,		/* not A, AAAA, SVCB, HTTPS or not class IN */
	REASON_UNASKED,		/* no query like it is pending (W1) */
	REASON_OTHER_QUESTION,	/* asked, but for another name or type (W1) */
	REASON_LATE,		/* asked more than 10 s ago (W1) */
	REASON_STEPS,		/* the message has more than can be read */
	REASON_RECORDS,		/* more than 128 records (Z3) */
	REASON_CHAIN,		/* more than 11 CNAME links (Z1) */
	REASON_OFF_CHAIN,	/* a record whose owner nobody asked for (Z1) */
	REASON_BAD_RECORD,	/* RDLENGTH does not fit */
	REASON_PROTECTED_ANSWER, /* an address that is never learnt (Z2) */
	REASON_NAME_FULL,	/* more than 256 addresses a name (Z3) */
	REASON_MAP_FULL,	/* an update of a map failed */
	REASON_PROTECTED,	/* a destination that no rule may take (Z2) */
	REASON_NO_FACT,		/* decided without knowing a name */
	REASON_NO_RULE,		/* a name is known, no rule matches */
	REASON_RULE,		/* a rule was found */
	REASON_DECIDE_STEPS,	/* the matcher ran out of steps */
	REASON_RESERVED_ADDRESS, /* an address that only our maps use */
	REASON_MAX = 64,
};

#endif
