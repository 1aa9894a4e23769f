/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * utek_producer: the first of two programs in the style of Tektronix UTek. It
 * makes a ring buffer of pages that are filled with zeros on demand, says where
 * it is, and writes lines into it. The second, utek_consumer, maps the ring.
 *
 *	utek_producer [lines]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/types.h>
#include <sys/mman.h>
#include "utek_ring.h"

int main(int argc, char **argv)
{
	unsigned lines = argc > 1 ? (unsigned)atoi(argv[1]) : 200, n, len;
	unsigned page = (unsigned)getpagesize();
	struct ring *ring = (struct ring *)0x20000000; /* UTek programs choose addresses */

	len = (sizeof(struct ring) + page - 1) / page * page;
	if (mmap(M_ZFILL, 0, ring, len, M_R_SELF | M_W_SELF | M_R_USER | M_W_USER, 0) == -1) {
		perror("utek_producer: mmap");
		return 1;
	}
	printf("%d %lx\n", (int)getpid(), (unsigned long)ring);
	fflush(stdout);
	for (n = 0; n < lines; n++) {
		while (ring->filled - ring->taken == RING_SLOTS)
			usleep(100);
		snprintf(ring->line[n % RING_SLOTS], RING_LINE, "line %u of %u", n + 1, lines);
		__sync_synchronize();
		ring->filled = n + 1;
	}
	while (ring->taken != lines)
		usleep(100);
	return 0;
}
