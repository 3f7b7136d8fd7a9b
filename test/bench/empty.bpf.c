// SPDX-License-Identifier: GPL-2.0-only
/* What the data path is compared with: a program that only says "go on". */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int empty(struct __sk_buff *skb)
{
	(void)skb;
	return -1; /* TCX_NEXT */
}

char LICENSE[] SEC("license") = "GPL";
